//go:build !linux

package main

func memory() int64 { return 0 }

func resident() (own, files int64) { return 0, 0 }

func peakResident() int64 { return 0 }
