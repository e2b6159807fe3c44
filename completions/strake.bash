# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Completion of strake in bash.

# Options that say what is worked on; what is offered must be asked with the same.
_strake_scope=(--component --definitions --root --image --transfer-source)

# Prints the members of the list KEY in the JSON that a command answers with, one a line.
_strake_ask() { # KEY COMMAND…
    local key=$1 index word arguments=()
    shift
    for ((index = 1; index < cword; index++)); do
        word=${words[index]}
        if [[ $word == -C && $((index + 1)) -lt $cword ]]; then
            arguments+=("--component=${words[index + 1]}")
        elif [[ $word == --*=* && " ${_strake_scope[*]} " == *" ${word%%=*} "* ]]; then
            arguments+=("$word")
        elif [[ " ${_strake_scope[*]} " == *" $word "* && $((index + 1)) -lt $cword ]]; then
            arguments+=("$word=${words[index + 1]}")
        fi
    done
    "${words[0]}" "${arguments[@]}" --json=short "$@" 2>/dev/null |
        sed -n "s/.*\"$key\":\[\([^]]*\)\].*/\1/p" | tr -d '"' | tr ',' '\n'
}

# Offers what _strake_ask finds, word by word: a name from a file must not meet an expansion.
_strake_offer() { # PREFIX KEY COMMAND…
    local prefix=$1 found
    shift
    while IFS= read -r found; do
        [[ $found == "$prefix"* ]] && COMPREPLY+=("$found")
    done < <(_strake_ask "$@")
}

# readline splits at "=", so that --json=short comes as three words; here it is one again.
_strake_words() {
    local index line=("${COMP_WORDS[@]}")
    words=("${line[0]}")
    cword=0
    for ((index = 1; index <= COMP_CWORD; index++)); do
        if [[ ${line[index]} == '=' && ${words[-1]} == --* ]]; then
            words[-1]+='='
        elif [[ ${words[-1]} == --*= ]]; then
            words[-1]+=${line[index]}
        else
            words+=("${line[index]}")
        fi
    done
    cword=$((${#words[@]} - 1))
}

_strake() {
    local words cword verb='' word index value options verbs
    COMPREPLY=()
    _strake_words
    word=${words[cword]}

    options='--help --version --component= --component-all --component-suggested --feature-all
        --feature-suggested --definitions= --root= --image= --image-policy= --transfer-source=
        --instances-max= --sync= --verify= --reboot --offline --cleanup= --no-pager --no-legend
        --json='
    verbs='list features enable-feature disable-feature check-new update acquire vacuum cleanup
        pending reboot components enable-component disable-component'
    if [[ ${words[0]##*/} != systemd-sysupdate ]]; then
        options+=' --dry-run'
        verbs+=' plan rollback pin hold skip release history repair'
    fi

    for ((index = 1; index < cword; index++)); do
        case ${words[index]} in
            -C | -m | --component | --definitions | --root | --image | --image-policy | \
                --transfer-source | --instances-max | --sync | --verify | --cleanup | --json)
                ((index++)) ;;
            -*) ;;
            *) verb=${words[index]}; break ;;
        esac
    done

    local option=${word%%=*}
    value=${word#*=}
    if [[ $word != --*=* ]]; then
        option=${words[cword - 1]}
        value=$word
    fi
    case $option in
        --json) mapfile -t COMPREPLY < <(compgen -W 'pretty short off' -- "$value"); return ;;
        --sync | --verify | --cleanup)
            mapfile -t COMPREPLY < <(compgen -W 'yes no' -- "$value"); return ;;
        -C | --component)
            _strake_offer "$value" components components; return ;;
        --definitions | --root | --transfer-source)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -d -- "$value"); return ;;
        --image)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$value"); return ;;
        -m | --instances-max | --image-policy) return ;;
    esac

    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
        [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace 2>/dev/null
        return
    fi
    case $verb in
        '') mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$word") ;;
        list | plan | update | acquire | rollback | pin | skip | release)
            _strake_offer "$word" all --offline list ;;
        features | enable-feature | disable-feature)
            _strake_offer "$word" features features ;;
        enable-component | disable-component)
            _strake_offer "$word" components components ;;
    esac
}

complete -F _strake strake
# Under the other name only where it is strake: systemd may have a completion of its own.
if [[ $(readlink -f "$(type -P systemd-sysupdate)" 2>/dev/null) == */strake ]]; then
    complete -F _strake systemd-sysupdate
fi
