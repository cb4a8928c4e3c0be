#!/usr/bin/env bash
# The golden records, checked by openssl and sha256sum alone: every leaf, every
# chain value, and the signature of each seal.
# shellcheck source=/dev/null
. "$ASSAY_SOURCE/tests/support/tap.sh"
work=${tap_dir:?}
golden=$ASSAY_SOURCE/tests/lib/golden

# unhex < HEX: the bytes.
unhex() {
	local hex
	read -r hex
	# shellcheck disable=SC2001
	printf '%b' "$(sed 's/../\\x&/g' <<<"$hex")"
}

sum() {
	sha256sum | cut -d ' ' -f 1
}

# text FILE KEY: the value of the first "KEY":"..." in data, and a line end,
# which the file has not.
text() {
	{ cat "$1"; echo; } | sed -E "s/^.*\"data\"/\"data\"/; s/.*\"$2\":\"([^\"]*)\".*/\1/"
}

# envelope FILE KEY: the same before data.
envelope() {
	{ cat "$1"; echo; } | sed -E "s/\"data\":.*//; s/.*\"$2\":\"([^\"]*)\".*/\1/"
}

zeros=$(printf '%064d' 0)
head=$zeros
while IFS=$'\t' read -r name leaf chain; do
	case $name in *-01-start) head=$zeros ;; esac
	is "the leaf of $name is the SHA-256 of a zero byte and its bytes" \
		"$({ printf '\0'; cat "$golden/$name.json"; } | sum)" "$leaf"
	before=$head
	head=$({ printf '\2'; unhex <<<"$before"; unhex <<<"$leaf"; } | sum)
	is "the chain goes on through $name" "$head" "$chain"

	case $name in *-seal) ;; *) continue ;; esac
	file=$golden/$name.json
	is "$name names the chain value of the record before it" \
		"$(text "$file" head)" "$before"
	who=${name%%-*}
	text "$golden/$who-01-start.json" public | base64 -d >"$work/key.der"
	is "the key id of $who is half the SHA-256 of its DER" \
		"$(sum <"$work/key.der" | cut -c 1-32)" "$(text "$file" key)"
	{
		echo 'assay seal v1'
		for key in agent epoch; do envelope "$file" $key; done
		for key in first last prev head key; do text "$file" $key; done
		envelope "$file" time
	} >"$work/text"
	text "$file" sig | base64 -d >"$work/sig"
	ok "openssl finds the signature of $name good" openssl pkeyutl -verify \
		-rawin -pubin -keyform DER -inkey "$work/key.der" \
		-in "$work/text" -sigfile "$work/sig"
	sed -i 's/v1/v2/' "$work/text"
	ok "and not over another text" bash -c "! openssl pkeyutl -verify \
		-rawin -pubin -keyform DER -inkey '$work/key.der' \
		-in '$work/text' -sigfile '$work/sig'"
done <"$golden/chain.tsv"

is "all golden records were checked" \
	"$(wc -l <"$golden/chain.tsv")" "$(find "$golden" -name '*.json' | wc -l)"
done_testing
