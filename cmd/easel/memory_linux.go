package main

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// processor is the time that the process has taken of all processors; a busy
// machine makes it little longer. 0: unknown.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// memory is what of the machine's, in bytes, this process may use: all of it,
// or what its container may. 0: unknown.
func memory() int64 {
	most := procField("/proc/meminfo", "MemTotal:")
	limit, err := os.ReadFile("/sys/fs/cgroup/memory.max")
	if err != nil {
		return most
	}
	if n, err := strconv.ParseInt(strings.TrimSpace(string(limit)), 10, 64); err == nil && n < most {
		most = n // not the word max
	}
	return most
}

// resident is the memory that the process holds now, in bytes: what it allocated,
// and pages of files, which the system may drop. 0: unknown.
func resident() (own, files int64) {
	return procField(status, "RssAnon:"), procField(status, "RssFile:")
}

// peakResident is the most of both that it has held.
func peakResident() int64 { return procField(status, "VmHWM:") }

const status = "/proc/self/status"

// procField reads a line such as "MemTotal:  24684036 kB", in bytes; 0 where it is not.
func procField(path, name string) int64 {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib << 10
		}
	}
	return 0
}
