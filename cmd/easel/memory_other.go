//go:build !linux

package main

import "time"

func processor() time.Duration { return 0 }

func memory() int64 { return 0 }

func resident() (own, files int64) { return 0, 0 }

func peakResident() int64 { return 0 }
