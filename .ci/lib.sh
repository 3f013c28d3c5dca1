# shellcheck shell=bash
# What the stages share. A stage is a sequence of checks; each one leaves a line in
# reports/<stage>/checks.jsonl, its output in reports/<stage>/<check>.log, and JUnit files where a tool writes them.

REPORTS="$PWD/reports/$STAGE"
# Read by .ci/stage when the stage is over.
export STAGE_FAILED=0

# check NAME COMMAND...: runs one check and remembers how it ended; the stage goes on.
check() {
    local name=$1 start=$SECONDS status=0
    shift
    echo "  $name ..."
    # In the background, because the shell ignores `set -e` in whatever stands before `||`.
    (
        set -euo pipefail
        "$@"
    ) >"$REPORTS/$name.log" 2>&1 </dev/null &
    wait $! || status=$?
    local seconds=$((SECONDS - start)) passed=true
    if [ "$status" -ne 0 ]; then
        passed=false
        STAGE_FAILED=1
    fi
    printf '{"name": "%s", "passed": %s, "seconds": %d}\n' "$name" "$passed" "$seconds" >>"$REPORTS/checks.jsonl"
    if [ "$passed" = true ]; then
        printf '  %-32s ok      %4d s\n' "$name" "$seconds"
    else
        printf '  %-32s FAILED  %4d s  (status %d)\n' "$name" "$seconds" "$status"
        tail -n "${CI_TAIL:-60}" "$REPORTS/$name.log" | sed 's/^/    | /'
        echo "    the whole output: reports/$STAGE/$name.log"
    fi
}

# in_turns LIMIT FUNCTION NAME...: runs FUNCTION for each name, LIMIT at a time.
in_turns() {
    local limit=$1 function=$2 name
    shift 2
    for name in "$@"; do
        while [ "$(jobs -pr | wc -l)" -ge "$limit" ]; do wait -n || true; done
        "$function" "$name" &
    done
    wait
    # What ran in the background could not set the variable of this shell.
    if grep -q '"passed": false' "$REPORTS/checks.jsonl"; then STAGE_FAILED=1; fi
}
