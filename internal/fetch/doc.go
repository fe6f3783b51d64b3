// Package fetch is the one HTTP client for addresses that callers give: input
// pictures, LoRA files and webhooks.
//
// A caller must not reach, through Easel, what only Easel's machine can reach.
// So every host is resolved once, all its addresses are checked, and a checked
// one is dialled; each redirect is checked again; credentials do not travel to
// another host; size, time and speed are bounded. Its errors are one sentence
// without user names, passwords or query strings, fit to be shown.
package fetch
