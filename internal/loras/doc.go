// Package loras gets the LoRA files that callers name, from Replicate-like
// servers, Hugging Face, CivitAI, any URL or the operator's own folder, and
// keeps them on disk by the SHA-256 of their content.
package loras
