# shellcheck shell=bash
check lab make lab
