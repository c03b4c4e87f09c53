#!/bin/bash
cd /work/wt/qcore; NO_COLOR=1 nice -n 15 npx vitest run "$@" 2>&1 | grep -v "^ *❯ \|npm warn\|_handle\|Serialized Error" | cut -c1-400
