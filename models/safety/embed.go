// Package safety carries the classifier that judges finished pictures.
package safety

import _ "embed"

// OpenNSFW is the classifier's ONNX graph; see README.md and LICENSE.
//
//go:embed open-nsfw.onnx
var OpenNSFW []byte
