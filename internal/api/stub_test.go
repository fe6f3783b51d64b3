package api

var living, streaming, filing, hooking, browsing, enduring []scenario
