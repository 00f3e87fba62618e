# What no table says: how the words of a line are read, and what a word may be
# where it stands.  COMP_WORDS is of no use, since bash splits at "=" and ":";
# for the same reason a reply is only what stands behind the last of these.

# one reply of a list with commas, behind what is there of it
_tlstally_list()
{
	local before= part=$cur sign=
	[[ $cur != *,* ]] || { before=${cur%,*},; part=${cur##*,}; }
	[[ ${2-} != signed || $part != -* ]] || { sign=-; part=${part#-}; }
	COMPREPLY=($(compgen -P "$before$sign" -W "$1" -- "$part"))
	compopt -o nospace 2>/dev/null
}

# What the store of this host has, if it can be read: quickly, and quietly if
# it cannot.  Nobody asks a server.
_tlstally_ask()
{
	[[ $1 != - && -z $server ]] || return 0
	timeout 3 "$program" "${settings[@]}" complete "$1" -- "${2-}" \
		2>/dev/null </dev/null
}

# NAME=VALUE: names of the one list, values of a name by the function
_tlstally_pair()
{
	local name=${cur%%=*}
	if [[ $cur == *=* ]]; then
		COMPREPLY=($(compgen -P "$name=" \
			-W "$($2 "$type" "$name")" -- "${cur#*=}"))
	else
		COMPREPLY=($(compgen -S = -W "$1" -- "$cur"))
		compopt -o nospace 2>/dev/null
	fi
}

# of the words that have a list, and of domains
_tlstally_where_words()
{
	_tlstally_words "$1" "$2"
	[[ $2 != domain ]] || _tlstally_ask domains "${cur#*=}"
}

_tlstally_value()
{
	case $1 in
	--field) _tlstally_pair "$(_tlstally_given "$type")" : ;;
	--where)
		_tlstally_pair "$(_tlstally_where "$type")" _tlstally_where_words ;;
	--fields) _tlstally_list "$(_tlstally_fields "$type")" ;;
	--sort) _tlstally_list "$(_tlstally_sorts "$type")" signed ;;
	--permission) _tlstally_list "$_tlstally_permissions" ;;
	--id) COMPREPLY=($(_tlstally_ask reports "$cur")) ;;
	--ids)
		_tlstally_list "$(_tlstally_ask "$(_tlstally_ids "$type")" \
			"${cur##*,}")" ;;
	-o) _tlstally_pair "$_tlstally_settings" _tlstally_setting_words ;;
	--day | --feed | --milter | --security-level)
		COMPREPLY=($(compgen -W "$(_tlstally_choices "$1")" -- "$cur")) ;;
	*)
		[[ " $_tlstally_files " != *" $1 "* ]] || {
			COMPREPLY=($(compgen -f -- "$cur"))
			compopt -o filenames 2>/dev/null
		} ;;
	esac
}

_tlstally_operand()
{
	local operands
	read -ra operands <<<"$(_tlstally_operands "$sentence")"
	local at=$1 last=$((${#operands[@]} - 1))
	[[ $at -le $last || ${operands[last]-} != *... ]] || at=$last
	case ${operands[$at]-} in
	type) COMPREPLY=($(compgen -W "$_tlstally_types" -- "$cur")) ;;
	file | file...)
		COMPREPLY=($(compgen -f -- "$cur"))
		compopt -o filenames 2>/dev/null ;;
	id...) COMPREPLY=($(_tlstally_ask "$(_tlstally_ids "$type")" "$cur")) ;;
	?*) COMPREPLY=($(_tlstally_ask "${operands[$at]}" "$cur")) ;;
	esac
}

# what the words before the last one are
_tlstally_read()
{
	local word
	for word; do
		if [[ -n $option ]]; then
			case $option in
			-c | -o) settings+=("$option" "$word") ;;
			--url) server=$word ;;
			esac
			option=
		elif [[ $word == --url=* ]]; then
			server=${word#*=}
		elif [[ $word == -[co]?* ]]; then
			settings+=("$word")
		elif [[ $word == -* ]]; then
			[[ " $_tlstally_valued " != *" $word "* ]] || option=$word
		elif [[ -z $sentence && $word == help ]]; then
			:
		elif [[ -z $sentence ]]; then
			sentence=$word
		elif [[ -n $(_tlstally_second "$sentence") ]]; then
			sentence+=" $word"
		else
			[[ $given -ne 0 ]] || type=$word
			given=$((given + 1))
		fi
	done
}

_tlstally()
{
	local line=${COMP_LINE:0:COMP_POINT} words cur= option= sentence=
	local type= given=0 whole i program=${1:-tlstally} settings=()
	local server=${TLSTALLY_URL-}
	COMPREPLY=()
	read -ra words <<<"$line"
	if [[ $line != *[[:space:]] ]]; then
		cur=${words[${#words[@]} - 1]}
		unset 'words[${#words[@]}-1]'
	fi
	_tlstally_read "${words[@]:1}"
	if [[ $cur == --*=* ]]; then
		option=${cur%%=*} cur=${cur#*=}
	fi
	whole=$cur
	if [[ -n $option ]]; then
		_tlstally_value "$option"
	elif [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W "$_tlstally_always $(_tlstally_options "$sentence")" -- "$cur"))
	elif [[ -z $sentence ]]; then
		COMPREPLY=($(compgen -W "$_tlstally_first help" -- "$cur"))
	elif [[ -n $(_tlstally_second "$sentence") ]]; then
		COMPREPLY=($(compgen -W "$(_tlstally_second "$sentence")" -- "$cur"))
	else
		_tlstally_operand "$given"
	fi
	# bash has split the word at these, if they split words for it
	case $whole in
	*[=:@]*)
		[[ $COMP_WORDBREAKS == *=* ]] || return 0
		for i in "${!COMPREPLY[@]}"; do
			COMPREPLY[i]=${COMPREPLY[i]#"${whole%"${whole##*[=:@]}"}"}
		done ;;
	esac
}
complete -F _tlstally tlstally
