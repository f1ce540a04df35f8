# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# portlock.bash - completion of portlock and portlock-bench for bash.
#
# Verbs and options are those that --help tells of, so they are never out of
# date; of bash-completion nothing is needed.

# The values of an option, if they are known; else files, or nothing.
_portlock_values() {
	case $1 in
	--transport)
		echo tcp unix etcd
		;;
	--on-lost)
		echo kill warn
		;;
	-r | --rule)
		echo sem lockfile open mutex sysvsem flock fcntl passwd \
			liblockfile
		;;
	esac
}

# _portlock_options HELP: the options in it, one a line, those that take a
# value with a '=' behind.  What they do stands two spaces or more after them.
_portlock_options() {
	awk '/^ +-/ {
		sub(/^ +/, "")
		sub(/  .*/, "")
		value = $NF ~ /^-/ ? "" : "="
		for (i = 1; i <= NF; i++) {
			sub(/,$|\[?=.*/, "", $i)
			if ($i ~ /^-/)
				print $i value
		}
	}' <<<"$1"
}

# Offers the words of the first argument that begin as the current one.  They
# are expanded, so they must be of our own making.
_portlock_offer() {
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current")
}

# Offers keys that are held now.  Any user can hold a key of any name, such as
# $(command): nothing may expand it here, nor on the line, where it is quoted.
# A backslash stands for a byte that the list does not show.
_portlock_offer_keys() {
	local key

	COMPREPLY=()
	while IFS= read -r key; do
		printf -v key %q "$key"
		[[ $key != "$current"* ]] || COMPREPLY+=("${key#"$colons"}")
	done < <("$command" list 2>/dev/null </dev/null |
		sed -nE '1d; s/^([^ \]+) +(tcp|unix|etcd|-|\?) .*/\1/p')
}

# What stands after the options of a verb: KEY, or a COMMAND with its own.
# _portlock_rest INDEX: of its first word
_portlock_rest() {
	local at=$1

	case $verb in
	help)
		_portlock_offer "$verbs"
		return
		;;
	address | who | wait)
		_portlock_offer_keys
		return
		;;
	run)
		if ((COMP_CWORD == at)); then
			_portlock_offer_keys
			return
		fi
		((at++))
		;;
	preload | doctor) ;;
	*)
		return
		;;
	esac
	[[ ${COMP_WORDS[at]} != -- ]] || ((at++))
	if ((COMP_CWORD < at)); then
		COMPREPLY=(--)
	elif ((COMP_CWORD == at)); then
		mapfile -t COMPREPLY < <(compgen -c -- "$current")
	elif declare -F _command_offset >/dev/null; then
		_command_offset "$at"
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
	fi
}

# Goes through the options of "PROGRAM [VERB]" from word INDEX on.
# _portlock_from INDEX HELP
_portlock_from() {
	local at=$1 options word value

	options=$(_portlock_options "$2")
	for (( ; at < COMP_CWORD; at++)); do
		word=${COMP_WORDS[at]}
		[[ $word == -?* && $word != -- ]] || break
		grep -qxF -e "$word=" <<<"$options" || continue
		# "--transport = tcp" are three words to bash.
		[[ ${COMP_WORDS[at + 1]} != = ]] || ((at++))
		if ((at + 1 >= COMP_CWORD)); then
			value=$(_portlock_values "$word")
			[[ $current != = ]] || current=
			if [[ $value ]]; then
				_portlock_offer "$value"
			else
				mapfile -t COMPREPLY < <(compgen -f -- \
					"$current")
			fi
			return
		fi
		((at++))
	done
	# These have their options after the KEY as well.
	[[ $verb != @(who|wait) ]] || at=$COMP_CWORD
	if ((at == COMP_CWORD)) && [[ $current == -* ]]; then
		_portlock_offer "${options//=/}"
	else
		_portlock_rest "$at"
	fi
}

# bash cuts words at colons, of which keys have many ("lockfile:/a"), and puts
# in what is offered behind the last one.  Joins them up to the current word,
# and sets colons to what is on the line already.
_portlock_join() {
	local line=${COMP_LINE-} word words=()

	for word in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
		if [[ ${#words[@]} -gt 0 && $line == [![:space:]]* &&
			($word == :* || ${words[-1]} == *:) ]]; then
			words[-1]+=$word
		else
			words+=("$word")
		fi
		line=${line#*"$word"}
	done
	COMP_WORDS=("${words[@]}")
	COMP_CWORD=$((${#words[@]} - 1))
	current=${words[-1]}
	colons=${current%"${current##*:}"}
}

_portlock() {
	local command=$1 current colons verb verbs help

	COMPREPLY=()
	_portlock_join
	help=$("$command" help 2>/dev/null)
	verbs=$(sed -nE 's/^  ([a-z]+) .*/\1/p' <<<"$help")
	verb=${COMP_WORDS[1]}
	if ((COMP_CWORD > 1)); then
		help=
		[[ $verb == help ]] || help=$("$command" "$verb" --help 2>&1)
		_portlock_from 2 "$help"
	elif [[ $current == -* ]]; then
		_portlock_offer "$(_portlock_options "$help")"
	else
		_portlock_offer "$verbs"
	fi
}

_portlock_bench() {
	local command=$1 current=${COMP_WORDS[COMP_CWORD]} verb="" verbs="" names

	COMPREPLY=()
	_portlock_from 1 "$("$command" --help 2>/dev/null)"
	names=$("$command" --list 2>/dev/null |
		sed -nE '/^Locks/q; s/^  ([a-z]+) .*/\1/p')
	if [[ ${#COMPREPLY[@]} -eq 0 && $current != -* ]]; then
		_portlock_offer "$names"
	fi
}

complete -F _portlock portlock
complete -F _portlock_bench portlock-bench
