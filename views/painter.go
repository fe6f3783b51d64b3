package views

// paintOutlines are the painter's own icons, on the same grid as outlines.
var paintOutlines = map[string]string{
	"brush":     "M3.5 16.5c2.2 0 4-.6 4-2.7a2.2 2.2 0 0 0-4.3-.6c-.4 1.3-.2 2.3.3 3.3ZM7.2 11.3l7.6-7.6a1.5 1.5 0 0 1 2.1 2.1l-7.6 7.6",
	"eraser":    "M8.5 16.5h8M4 12.3l7.3-7.8a1.5 1.5 0 0 1 2.1-.1l2.8 2.6a1.5 1.5 0 0 1 .1 2.1l-7 7.4H7L4.1 14.4a1.5 1.5 0 0 1-.1-2.1ZM7.6 8.5l5 4.7",
	"rectangle": "M4 5h12v10H4Z",
	"lasso":     "M6.5 13.5C4.5 12.7 3 11.1 3 9.2 3 6 6.1 3.5 10 3.5S17 6 17 9.2 13.9 15 10 15c-.7 0-1.3-.1-2-.2m-1.5-1.3a1.5 1.5 0 1 1 1.6 1.7c0 1.2-.4 1.8-1.3 2.3",
	"fill":      "m9.5 3 6.5 6.5-5.6 5.6a1.5 1.5 0 0 1-2.1 0L4.4 11.2a1.5 1.5 0 0 1 0-2.1L10 3.5M4.2 10h11.3M17 13.5c.8 1.2 1 1.8 1 2.2a1 1 0 0 1-2 0c0-.4.2-1 1-2.2Z",
	"undo":      "M4 7.5h8a4.5 4.5 0 0 1 0 9H8M4 7.5 7.5 4M4 7.5 7.5 11",
	"redo":      "M16 7.5H8a4.5 4.5 0 0 0 0 9h4m4-9L12.5 4M16 7.5 12.5 11",
	"invert":    "M4.5 3.5h11a1 1 0 0 1 1 1v11a1 1 0 0 1-1 1h-11a1 1 0 0 1-1-1v-11a1 1 0 0 1 1-1ZM4 16 16 4M10 10v6m3-9v9",
	"clear":     "M4 6h12M8 6V4.5A1 1 0 0 1 9 3.5h2a1 1 0 0 1 1 1V6m-6.5 0 .7 9.2a1.4 1.4 0 0 0 1.4 1.3h4.8a1.4 1.4 0 0 0 1.4-1.3L14.5 6",
	"rest":      "M3.5 6V4.5a1 1 0 0 1 1-1H6m8 0h1.5a1 1 0 0 1 1 1V6m0 8v1.5a1 1 0 0 1-1 1H14m-8 0H4.5a1 1 0 0 1-1-1V14M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7Z",
	"load":      "M10 12.5V4m-3.5 3L10 3.5 13.5 7M4 16.5h12",
	"fit":       "M3.5 7.5v-4h4m5 0h4v4m0 5v4h-4m-5 0h-4v-4",
	"plus":      "M10 4v12m-6-6h12",
	"minus":     "M4 10h12",
	"keys":      "M3.5 5.5h13a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1h-13a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1ZM5.5 8.5h.01M8.5 8.5h.01M11.5 8.5h.01M14.5 8.5h.01M6.5 11.5h7",
	"sliders":   "M4 6h7m4 0h1M4 14h1m4 0h7M13 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM7 16a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z",
}

// paintKeys is the painter's help: what it does, and the keys for it.
var paintKeys = []struct {
	Does string
	Keys []string
}{
	{"Brush, eraser", []string{"B", "E"}},
	{"Rectangle, lasso, fill", []string{"R", "L", "G"}},
	{"Paint or erase", []string{"X"}},
	{"Size", []string{"[", "]"}},
	{"Hardness", []string{"Shift [", "Shift ]"}},
	{"Undo, redo", []string{"Ctrl Z", "Ctrl Shift Z"}},
	{"Invert, clear", []string{"I", "Delete"}},
	{"Zoom, fit, actual size", []string{"+", "−", "0", "1"}},
	{"Move the picture", []string{"Space + drag"}},
	{"Move the cursor", []string{"Arrows"}},
	{"In larger steps", []string{"Shift + arrows"}},
	{"Dab, corner or fill at the cursor", []string{"Space"}},
	{"Paint on the way", []string{"Hold Space + arrows"}},
	{"Brush down or up; close a shape", []string{"Enter"}},
	{"Take the shape back, or close", []string{"Esc"}},
	{"Use the mask", []string{"Ctrl Enter"}},
}
