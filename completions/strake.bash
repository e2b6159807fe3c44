# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Completion of strake in bash.

# Options that say what is worked on; what is offered must be asked with the same.
_strake_scope=(--class --component --definitions --root --image --transfer-source)

# Sets `arguments` to those of the options above that are on the line.
_strake_read_scope() {
    local index word
    arguments=()
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
}

# Prints the members of the list KEY in the JSON that a command answers with, one a line.
_strake_ask() { # KEY COMMAND…
    local key=$1 arguments
    shift
    _strake_read_scope
    "${words[0]}" "${arguments[@]}" --json=short "$@" 2>/dev/null |
        sed -n "s/.*\"$key\":\[\([^]]*\)\].*/\1/p" | tr -d '"' | tr ',' '\n'
}

# Prints the names of the extensions that are installed, one a line.
_strake_ask_extensions() {
    local arguments
    _strake_read_scope
    "${words[0]}" ext "${arguments[@]}" list --json=short 2>/dev/null |
        grep -o '"name":"[^"]*"' | cut -d '"' -f 4 | sort -u
}

# Offers the lines of a command word by word: a name from a file must not meet an expansion.
_strake_offer_lines() { # PREFIX COMMAND…
    local prefix=$1 found
    shift
    while IFS= read -r found; do
        [[ $found == "$prefix"* ]] && COMPREPLY+=("$found")
    done < <("$@")
}

_strake_offer() { # PREFIX KEY COMMAND…
    _strake_offer_lines "$1" _strake_ask "${@:2}"
}

_strake_offer_words() { # PREFIX WORDS
    mapfile -t COMPREPLY < <(compgen -W "$2" -- "$1")
}

_strake_offer_files() { # PREFIX -d|-f
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen "$2" -- "$1")
}

_strake_offer_options() { # PREFIX OPTIONS
    _strake_offer_words "$1" "$2"
    [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace 2>/dev/null
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

# Sets `option` and `value`: of --OPTION=VALUE, or of OPTION and the word after it.
_strake_split() {
    option=${word%%=*}
    value=${word#*=}
    if [[ $word != --*=* ]]; then
        option=${words[cword - 1]}
        value=$word
    fi
}

# `strake ext …`, or one of the tools for extensions that strake is called as.
_strake_ext() { # FIRST: where its words begin
    local option value verb='' index ext_options ext_verbs
    ext_options='--help --version --root= --mutable= --image-policy= --noexec= --force --no-reload
        --always-refresh= --no-pager --no-legend --json='
    ext_verbs='status list merge unmerge refresh'
    if [[ ${words[1]} == ext ]]; then
        ext_options+=' --class= --strict --for= --when-over --for-os-release= --from= --trust=
            --channel= --dry-run'
        ext_verbs+=' plan why capture enable disable generations diff rollback release try keep take-back
            identify check search install remove upgrade'
    fi

    for ((index = $1; index < cword; index++)); do
        case ${words[index]} in
            --class | --root | --mutable | --image-policy | --noexec | --always-refresh | --json | \
                --for | --for-os-release | --from | --trust | --channel)
                ((index++)) ;;
            -*) ;;
            *) verb=${words[index]}; break ;;
        esac
    done

    _strake_split
    case $option in
        --json) _strake_offer_words "$value" 'pretty short off'; return ;;
        --class) _strake_offer_words "$value" 'sysext confext'; return ;;
        --mutable)
            _strake_offer_words "$value" 'no yes auto import ephemeral ephemeral-import help'
            return ;;
        --noexec | --always-refresh) _strake_offer_words "$value" 'yes no'; return ;;
        --root) _strake_offer_files "$value" -d; return ;;
        --for-os-release | --trust) _strake_offer_files "$value" -f; return ;;
        --image-policy | --for) return ;;
    esac

    if [[ $word == -* ]]; then
        _strake_offer_options "$word" "$ext_options"
        return
    fi
    case $verb in
        '') _strake_offer_words "$word" "$ext_verbs" ;;
        why | enable | disable | try) _strake_offer_lines "$word" _strake_ask_extensions ;;
        identify) _strake_offer_files "$word" -f ;;
    esac
}

# The verbs that make images.
_strake_bakery() {
    local option value bakery_options
    bakery_options='--help --output= --sources= --key= --certificate= --base= --attach --check --watch
        --repository= --keys= --sign-with= --gpg-key= --url= --name= --channel= --valid-for= --no-lint
        --older-than= --trust= --reason= --root-key= --release-key= --retire= --threshold=
        --release-threshold= --dry-run --no-legend --json='
    _strake_split
    case $option in
        --json) _strake_offer_words "$value" 'pretty short off'; return ;;
        -o | --output | --sources | --base | --repository | --keys) _strake_offer_files "$value" -d; return ;;
        --channel) _strake_offer_words "$value" 'stable candidate'; return ;;
        --gpg-key | --url | --name | --valid-for | --older-than | --reason | --threshold | \
            --release-threshold) return ;;
        --key | --certificate | --sign-with | --trust | --root-key | --release-key | --retire) _strake_offer_files "$value" -f; return ;;
    esac
    if [[ $word == -* ]]; then
        _strake_offer_options "$word" "$bakery_options"
    else
        _strake_offer_files "$word" -f
    fi
}

_strake() {
    local words cword verb='' word index option value options verbs
    COMPREPLY=()
    _strake_words
    word=${words[cword]}
    case ${words[0]##*/} in systemd-sysext | systemd-confext) _strake_ext 1; return ;; esac
    if ((cword > 1)) && [[ ${words[1]} == ext ]]; then
        _strake_ext 2
        return
    fi
    if ((cword > 1)) && [[ ${words[0]##*/} == strake && ${words[1]} =~ ^(bake|lint|key|publish|promote|withdraw|gc|mirror)$ ]]; then
        _strake_bakery
        return
    fi

    options='--help --version --component= --component-all --component-suggested --feature-all
        --feature-suggested --definitions= --root= --image= --image-policy= --transfer-source=
        --instances-max= --sync= --verify= --reboot --offline --cleanup= --no-pager --no-legend
        --json='
    verbs='list features enable-feature disable-feature check-new update acquire vacuum cleanup
        pending reboot components enable-component disable-component'
    if [[ ${words[0]##*/} != systemd-sysupdate ]]; then
        options+=' --automatic --when= --kexec --keep= --keep-machine-id --keep-data
            --with-extensions --backup --dry-run'
        verbs+=' status boot bless unbless once reset follow apply health retreat plan rollback pin hold skip release history repair ext bake lint
            key publish promote withdraw gc mirror'
    fi

    for ((index = 1; index < cword; index++)); do
        case ${words[index]} in
            -C | -m | --component | --definitions | --root | --image | --image-policy | \
                --transfer-source | --instances-max | --sync | --verify | --cleanup | --json | --when | --keep)
                ((index++)) ;;
            -*) ;;
            *) verb=${words[index]}; break ;;
        esac
    done

    _strake_split
    case $option in
        --json) _strake_offer_words "$value" 'pretty short off'; return ;;
        --when) _strake_offer_words "$value" 'now window boot'; return ;;
        --sync | --verify | --cleanup) _strake_offer_words "$value" 'yes no'; return ;;
        -C | --component) _strake_offer "$value" components components; return ;;
        --definitions | --root | --transfer-source) _strake_offer_files "$value" -d; return ;;
        --image) _strake_offer_files "$value" -f; return ;;
        --keep) _strake_offer_files "$value" -f; return ;;
        -m | --instances-max | --image-policy) return ;;
    esac

    if [[ $word == -* ]]; then
        _strake_offer_options "$word" "$options"
        return
    fi
    case $verb in
        '') _strake_offer_words "$word" "$verbs" ;;
        list | plan | update | acquire | rollback | pin | skip | release)
            _strake_offer "$word" all --offline list ;;
        features | enable-feature | disable-feature)
            _strake_offer "$word" features features ;;
        enable-component | disable-component)
            _strake_offer "$word" components components ;;
        reset) _strake_offer_words "$word" 'restore cancel forget-backup perform' ;;
    esac
}

complete -F _strake strake
# Under another name only where it is strake: systemd may have a completion of its own.
for _strake_name in systemd-sysupdate systemd-sysext systemd-confext; do
    if [[ $(readlink -f "$(type -P "$_strake_name")" 2>/dev/null) == */strake ]]; then
        complete -F _strake "$_strake_name"
    fi
done
unset _strake_name
