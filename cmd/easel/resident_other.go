//go:build !linux

package main

// peakResident is unknown on this system.
func peakResident() float64 { return 0 }
