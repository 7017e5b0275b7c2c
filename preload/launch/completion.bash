# SPDX: no licence chosen yet, see README
# completion.bash - bash completion of memwatch-preload and memwatch-report. It knows no option of
# its own: options and the words that they take are read from --help of the very command. Of what an
# option takes, "A|B" are words, FILE, DIR and DIRS what they say; others have a section of words
# that is headed "... for --option ..." or nothing to complete.

# The help on stdin -> names, letters, takes ("[" in front: may be left out), section.
_memwatch_read_help()
{
    local line names_of option='^  (-(.), |    )--([a-z-]+)((\[?)=([^ ]+))?' heads=() head
    while IFS= read -r line; do
        if [[ $line =~ $option ]]; then
            names+=("--${BASH_REMATCH[3]}")
            [[ ${BASH_REMATCH[2]} ]] && letters[-${BASH_REMATCH[2]}]=--${BASH_REMATCH[3]}
            takes[--${BASH_REMATCH[3]}]=${BASH_REMATCH[5]}${BASH_REMATCH[6]}
        elif [[ $line == [A-Z]*\ for\ --* ]]; then
            mapfile -t heads < <(grep -o -e '--[a-z-]*' <<<"$line")
        elif ((${#heads[@]})) && [[ $line == '  '[!\ ]* ]]; then
            names_of=${line#  }
            for head in "${heads[@]}"; do
                section[$head]+=" ${names_of%%  *}"
            done
        else
            heads=()
        fi
    done
}

# wanted = the option that the last word is the argument of; start = where the command begins, or
# what follows "--".
_memwatch_walk()
{
    local at name
    for ((at = 1; at < last; at++)); do
        name=${letters[${line[at]}]:-${line[at]}}
        if [[ $name == -- ]]; then
            start=$((at + 1))
            return
        elif [[ $name != -* ]]; then
            [[ $is_launcher ]] && start=$at && return
        elif [[ ${takes[$name]} && ${takes[$name]} != \[* ]]; then
            ((++at == last)) && wanted=$name
        fi
    done
}

# _memwatch_add PREFIX TEXT HOW... - what compgen makes of TEXT, with PREFIX in front of it.
_memwatch_add()
{
    local prefix=$1 text=$2 more
    shift 2
    mapfile -t more < <(compgen -P "$prefix" "$@" -- "$text")
    found+=("${more[@]}")
    [[ $1 == -[fdc] ]] && how=filenames
}

# _memwatch_value OPTION PREFIX TEXT - an argument of which TEXT is there already.
_memwatch_value()
{
    local argument=${takes[$1]#\[} prefix=$2 text=$3
    case ${argument%]} in
    FILE) _memwatch_add "$prefix" "$text" -f ;;
    DIR) _memwatch_add "$prefix" "$text" -d ;;
    DIRS) _memwatch_add "$prefix${text%"${text##*:}"}" "${text##*:}" -d ;;
    FORMAT*:FILE)
        if [[ $text == *:* ]]; then
            _memwatch_add "$prefix${text%%:*}:" "${text#*:}" -f
        else
            _memwatch_add "$prefix" "$text" -W "${section[$1]}"
            how=nospace
        fi ;;
    LIST)
        _memwatch_add "$prefix${text%"${text##*,}"}" "${text##*,}" -W "${section[$1]//,/}"
        how=nospace ;;
    *\|*) _memwatch_add "$prefix" "$text" -W "${argument//|/ }" ;;
    *) _memwatch_add "$prefix" "$text" -W "${section[$1]//,/}" ;;
    esac
}

# The arguments of the command that is profiled, as its own completion has them.
_memwatch_arguments()
{
    local at offset=0 n_bytes
    if [[ ${line[start]} == mark && ${line[start - 1]} != -- ]]; then
        ((start + 1 == last)) && _memwatch_add "" "$word" -W "begin end instant"
    elif ! declare -F _command_offset >/dev/null; then
        _memwatch_add "" "$word" -f
    else
        for ((at = 0; at < start; at++)); do # to bash a word of the line may be several
            for ((n_bytes = 0; n_bytes < ${#line[at]}; offset++)); do
                ((n_bytes += ${#COMP_WORDS[offset]}))
            done
        done
        _command_offset "$offset"
        is_done=1
    fi
}

_memwatch_find()
{
    if [[ $wanted ]]; then
        _memwatch_value "$wanted" "" "$word"
    elif [[ $is_launcher ]] && ((start < last)); then
        _memwatch_arguments
    elif [[ $word == --*=* && ${line[last - 1]} != -- ]]; then
        _memwatch_value "${word%%=*}" "${word%%=*}=" "${word#*=}"
    elif [[ $word == -* && ${line[last - 1]} != -- ]]; then
        _memwatch_add "" "$word" -W "${names[*]}"
    elif [[ $is_launcher ]]; then
        [[ ${line[last - 1]} != -- ]] && _memwatch_add "" "$word" -W mark
        _memwatch_add "" "$word" -c
    elif [[ ${line[1]} == diff ]] && ((last > 1)); then
        _memwatch_add "" "$word" -f
    else
        ((last == 1)) && _memwatch_add "" "$word" -W diff
        _memwatch_add "" "$word" -d
    fi
}

_memwatch()
{
    local -A letters=() takes=() section=()
    local names=() line=() found=() text=${COMP_LINE:0:COMP_POINT}
    local word last start wanted= how= is_done= is_launcher= breaks= cut=
    read -ra line <<<"$text"
    [[ $text == *[[:space:]] ]] && line+=("")
    last=$((${#line[@]} - 1)) word=${line[-1]} start=$last
    [[ ${line[0]} == *memwatch-preload ]] && is_launcher=1
    local help=("${line[0]/#\~/$HOME}")
    [[ ! $is_launcher && ${line[1]} == diff ]] && ((last > 1)) && help+=(diff)
    _memwatch_read_help < <("${help[@]}" --help 2>/dev/null </dev/null)
    _memwatch_walk
    _memwatch_find
    [[ $is_done ]] && return
    # Bash keeps what is in front of the last of its breaks.
    [[ $COMP_WORDBREAKS == *=* ]] && breaks+='='
    [[ $COMP_WORDBREAKS == *:* ]] && breaks+=':'
    [[ $breaks ]] && cut=${word%"${word##*[$breaks]}"}
    COMPREPLY=("${found[@]#"$cut"}")
    [[ $how ]] && compopt -o "$how" 2>/dev/null
    return 0
}

complete -F _memwatch memwatch-preload memwatch-report
