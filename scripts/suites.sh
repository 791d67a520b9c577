# SPDX-License-Identifier: GPL-2.0-or-later
# Runs suites of tests, several at a time, each with its log in build/check/, and
# sums them: what check-all and check-full share. Sourced, never run.
# JOBS=N sets how many run at once (default: one more than there are processors,
# as an emulated machine often waits).

logs=$top/build/check
jobs=${JOBS:-$(($(nproc) + 1))}
started=$SECONDS
passed=0 failed=0
reported=' '

# What the suites share is built first, once.
build() {
	make -s -j"$(nproc)" userspace >"$logs/build.log" 2>&1 &&
		make -s -j"$(nproc)" units >>"$logs/build.log" 2>&1
}

suites_begin() {
	rm -rf "$logs"
	mkdir -p "$logs"
	if ! build; then
		tail -40 "$logs/build.log"
		echo "0 passed, 1 failed"
		exit 1
	fi
	printf '%-13s %29s  %4d s  (build/check/build.log)\n' build '' $((SECONDS - started))
}

suite() { # NAME COMMAND...
	local name=$1 start=$SECONDS code
	shift
	{ TIMEFORMAT='%0U %0S'; time "$@" >"$logs/$name.log" 2>&1 </dev/null; } 2>"$logs/$name.cpu"
	code=$?
	echo "$code $((SECONDS - start)) $(awk '{print $1 + $2}' "$logs/$name.cpu")" >"$logs/$name.status"
}

report() { # NAME
	local name=$1 code seconds cpu line p f
	read -r code seconds cpu <"$logs/$name.status" || code=255 seconds=0 cpu=0
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$logs/$name.log" | tail -1)
	p=$(printf '%s' "$line" | sed -n 's/^\([0-9]*\) passed.*/\1/p')
	f=$(printf '%s' "$line" | sed -n 's/.* \([0-9]*\) failed$/\1/p')
	p=${p:-0} f=${f:-0}
	# A suite that fails, or ran nothing, is at least one failure.
	if [ "$f" -eq 0 ] && { [ "$code" -ne 0 ] || [ "$p" -eq 0 ]; }; then f=1; fi
	passed=$((passed + p)) failed=$((failed + f))
	printf '%-13s %4d passed %4d failed  %5d s, %4d s of processor  (build/check/%s.log)\n' \
		"$name" "$p" "$f" "$seconds" "$cpu" "$name"
	if [ "$f" -ne 0 ]; then
		grep -nE '^ *(not ok|FAIL)' "$logs/$name.log" | head -40
		echo "--- the end of $name.log"
		tail -60 "$logs/$name.log"
		echo "---"
	fi
}

report_ended() {
	local status name
	for status in "$logs"/*.status; do
		[ -s "$status" ] || continue
		name=$(basename "$status" .status)
		case $reported in *" $name "*) continue ;; esac
		reported="$reported$name "
		report "$name"
	done
}

# start NAME COMMAND...: now, or when one of those that run has ended.
start() {
	while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do
		wait -n
		report_ended
	done
	suite "$@" &
}

# Until all that was started has ended: for a suite that needs what others leave.
suites_wait() {
	wait
	report_ended
}

suites_end() {
	suites_wait
	echo "$((SECONDS - started)) s in all"
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ]
}

# Built here, as it takes long and nothing else needs it. Two at a time, behind the
# others where processors are short: a minute each is four (DMSC_FUZZ_SECONDS).
fuzz() {
	nice make -s -j2 fuzzers && tests/fuzz/run --check --jobs 2 --build build/fuzz
}

# The suites of `make check`, the long ones first, so that none of them is alone at
# the end.
suites_of_check() {
	start fuzz fuzz
	start uart-san scripts/kselftest --uml san --append time-travel=inf-cpu uart_time_test uart_tear_test uart_test uart_bad_test
	start tear-san scripts/kselftest --uml san tear_test
	start usb-san scripts/kselftest --uml san ccid_test ccid_tear_test
	start usb-bad-san scripts/kselftest --uml san ccid_bad_test
	start kunit-san scripts/kunit --san
	start bad tests/e2e/run bad
	start path tests/e2e/run path,privacy,programs,decode,reload,asks,pending
	start subverted tests/e2e/run subverted
	start pin tests/e2e/run pin right_pin one_try_is_left removed_while_asked indicator_alone pin_is_nowhere
	start kunit make -s kunit
	start kill tests/e2e/run kill
	start slots tests/e2e/run slots
	start modem tests/e2e/run modem
	start answers tests/e2e/run answers
	start readers-e2e tests/e2e/run ccid,ffs,uart
	start serdev tests/e2e/run serdev
	start serdev-arm64 tests/e2e/run arm64
	start pcsc tests/e2e/run pcsc
	start systemd tests/e2e/run systemd
	start network tests/e2e/run network
	start lint make -s lint
	start kselftest make -s kselftest
	start docs tests/e2e/run docs
	start unit make -s unit
	start client tests/client/test
	start peer tests/peer/test
	start soak make -s soak SOAK="--sessions 800"
	start faults tests/peer/faults --table build/faults.txt
	start failures tests/client/failures
	start hostile tests/client/hostile
	start provisioning tests/client/provisioning
	start hooks tests/hooks/test
	start update-hooks tests/hooks/test-update
	start crash make -s crash
	start dm-server /usr/bin/python3 tests/dmserver/test.py
	start readers /usr/bin/python3 tests/readers/test.py
	start simcard /usr/bin/python3 tests/simcard/test.py
}
