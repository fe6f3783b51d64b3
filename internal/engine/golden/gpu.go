package golden

import (
	"os"
	"testing"
)

// swiftShader is Chromium's software Vulkan driver, where Debian puts it.
const swiftShader = "/usr/lib/chromium/vk_swiftshader_icd.json"

// SoftwareGPU makes WebGPU usable for the test where no GPU is, or skips it.
// It is to be called before ONNX Runtime's first WebGPU session.
func SoftwareGPU(t *testing.T) {
	t.Helper()
	if os.Getenv("VK_ICD_FILENAMES") != "" {
		return
	}
	if _, err := os.Stat(swiftShader); err != nil {
		t.Skip("no GPU driver known here: set VK_ICD_FILENAMES")
	}
	t.Setenv("VK_ICD_FILENAMES", swiftShader)
}
