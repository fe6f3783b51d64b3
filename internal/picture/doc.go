// Package picture is everything Easel does to pixels outside the engine:
// reading what callers send under limits, fitting it to a size the model can
// use, working with masks, compositing, and writing the finished files with
// the recipe that made them.
//
// Inside Easel a picture is an opaque 8-bit sRGB *image.NRGBA whose bounds
// start at (0, 0); a mask is an *image.Gray of the same kind.
package picture
