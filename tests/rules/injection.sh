# shellcheck shell=bash
# injection: what the injection tests share. Source it after tap.sh.
# ASSAY_SEED draws other lines.
: "${tap_dir:?source tap.sh first}"

# inject RULES LINES [SET...]: the report of injection.py.
inject() {
	python3 "$ASSAY_SOURCE/tests/rules/injection.py" "$ASSAY_AGENT" "$1" \
		"${ASSAY_SEED:-20260703}" "${@:2}"
}

# try_rules LINES [SET...]: no rule that ships may tell an untruth. The report's
# lines go to $tap_dir/rules: rule, lines, true, ambiguous, built ambiguous, cut,
# names of 400 bytes, wrong.
try_rules() {
	local rule lines wrong status
	inject "$ASSAY_SOURCE/rules" "$@" >"$tap_dir/report"
	status=$?
	grep '^#' "$tap_dir/report"
	grep -v '^#' "$tap_dir/report" >"$tap_dir/rules"
	while read -r rule lines _ _ _ _ _ wrong; do
		is "${rule}_gives_the_truth_or_ambiguous" \
			"$wrong wrong of $lines" "0 wrong of $1"
	done <"$tap_dir/rules"
	is the_campaign_ran_to_its_end "$status" 0
}

# built: for how many rules lines with two readings were built.
built() {
	awk '$5 > 0 { n++ } END { print n + 0 }' "$tap_dir/rules"
}

# find_out PATTERN [SET...]: the two rules of this pattern, made faulty in
# $tap_dir/faulty, must not pass.
find_out() {
	inject "$tap_dir/faulty" 1000 "${@:2}" >"$tap_dir/found" 2>&1
	is rules_with_faults_are_found_out \
		"$(grep -v '^#' "$tap_dir/found" | awk '$8 > 0 { print $1 }' |
			grep -cE "^($1)\$")" 2
}
