#!/usr/bin/env bash
# What the browser tests need beside Node: a Chromium, jq for the copied
# commands, Vulkan's loader for the runs on Chromium's software GPU, and, if it
# can be had, a Firefox. Installed where that can be done without asking; else said.
set -euo pipefail

has() { command -v "$1" >/dev/null 2>&1; }
missing=() wanted=()
[ -n "${EASEL_CHROMIUM:-}" ] || has chromium || has chromium-browser || has google-chrome || missing+=(chromium)
has jq || missing+=(jq)
ldconfig -p 2>/dev/null | grep -q libvulkan.so.1 || missing+=(libvulkan1)
[ -n "${EASEL_FIREFOX:-}" ] || has firefox-esr || has firefox || wanted+=(firefox-esr)
[ $((${#missing[@]} + ${#wanted[@]})) -eq 0 ] && exit 0

if has apt-get && [ "$(id -u)" = 0 ]; then
	export DEBIAN_FRONTEND=noninteractive
	install() { apt-get install -y -qq --no-install-recommends "$@" >/dev/null; }
	apt-get update -qq
	[ ${#missing[@]} -eq 0 ] || install "${missing[@]}"
	[ ${#wanted[@]} -eq 0 ] || install "${wanted[@]}" || echo "no ${wanted[*]} to install: the tests in Firefox are skipped"
	exit 0
fi
for name in "${missing[@]}" "${wanted[@]}"; do
	case "$name" in
	chromium) npx playwright-core install chromium || { echo "install Chromium, or set EASEL_CHROMIUM to one"; exit 1; } ;;
	jq) echo "install jq: the tests of copied commands read answers with it"; exit 1 ;;
	libvulkan1) echo "no Vulkan loader (Debian: libvulkan1): the tests on a software GPU are skipped" ;;
	firefox-esr) echo "no Firefox: its tests are skipped" ;;
	esac
done
