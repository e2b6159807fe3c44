# SPDX-License-Identifier: Apache-2.0
# Completion of strake in fish.

# What strake answers under a key of its JSON, with the options that say what is worked on.
function __strake_ask # KEY COMMAND…
    set -l scope
    set -l tokens (commandline -opc)
    for index in (seq 2 (count $tokens))
        switch $tokens[$index]
            case '--component=*' '--definitions=*' '--root=*' '--image=*' '--transfer-source=*'
                set -a scope $tokens[$index]
            case -C --component --definitions --root --image --transfer-source
                set -q tokens[(math $index + 1)]
                and set -a scope $tokens[$index] $tokens[(math $index + 1)]
        end
    end
    $tokens[1] $scope --json=short $argv[2..] 2>/dev/null |
        string match -rg '"'$argv[1]'":\[([^\]]*)\]' | string replace -a '"' '' | string split -n ','
end

# The names of the extensions that are installed.
function __strake_extensions
    set -l scope
    set -l tokens (commandline -opc)
    for index in (seq 3 (count $tokens))
        switch $tokens[$index]
            case '--root=*' '--class=*'
                set -a scope $tokens[$index]
            case --root --class
                set -q tokens[(math $index + 1)]
                and set -a scope $tokens[$index] $tokens[(math $index + 1)]
        end
    end
    $tokens[1] ext $scope list --json=short 2>/dev/null |
        string match -arg '"name":"([^"]*)"' | sort -u
end

function __strake_is_ext
    set -l tokens (commandline -opc)
    set -q tokens[2]
    and test $tokens[2] = ext
end

function __strake_is_bakery
    set -l tokens (commandline -opc)
    set -q tokens[2]
    and contains -- $tokens[2] bake lint key publish promote withdraw gc mirror
end

set -l update 'not __strake_is_ext; and not __strake_is_bakery'
set -l bakery __strake_is_bakery
set -l ext __strake_is_ext

set -l verbs list check-new plan update acquire vacuum cleanup rollback pin hold skip release \
    history repair status boot bless unbless once reset follow apply health retreat pending reboot features enable-feature disable-feature components \
    enable-component disable-component ext bake lint key publish promote withdraw gc mirror
set -l first "not __fish_seen_subcommand_from $verbs"
set -l ext_verbs status list merge unmerge refresh plan why capture enable disable generations diff \
    rollback release try keep take-back identify check search install remove upgrade
set -l ext_first "__strake_is_ext; and not __fish_seen_subcommand_from $ext_verbs"

complete -c strake -f

complete -c strake -n $first -a list -d 'Show installed and available versions'
complete -c strake -n $first -a check-new -d 'Print the version that update would install'
complete -c strake -n $first -a plan -d 'Show what an update would do, and why'
complete -c strake -n $first -a update -d 'Install a newer version'
complete -c strake -n $first -a acquire -d 'Fetch a newer version, without installing it'
complete -c strake -n $first -a vacuum -d 'Make room by removing old versions'
complete -c strake -n $first -a cleanup -d 'Remove files that no definition owns any more'
complete -c strake -n $first -a rollback -d 'Go back to an installed version and stay there'
complete -c strake -n $first -a pin -d 'Install no other version than this'
complete -c strake -n $first -a hold -d 'Install nothing until released'
complete -c strake -n $first -a skip -d 'Never install this version by itself'
complete -c strake -n $first -a release -d 'Lift a pin, a hold and skips'
complete -c strake -n $first -a history -d 'Show what was done to this machine'
complete -c strake -n $first -a repair -d 'Heal damage, and check what is installed'
complete -c strake -n $first -a boot -d 'Show boot entries, what they hold, and which one is next'
complete -c strake -n $first -a bless -d 'Say that a boot entry is good'
complete -c strake -n $first -a unbless -d 'Say that a boot entry is bad'
complete -c strake -n $first -a health -d 'Check whether the system that runs is good'
complete -c strake -n $first -a retreat -d 'Reboot if what runs is on trial'
complete -c strake -n $first -a status -d 'Show what runs, what is next, and what is wrong'
complete -c strake -n $first -a once -d 'Take a boot entry at the next boot, and only then'
complete -c strake -n $first -a apply -d 'Bring what would be booted next into effect'
complete -c strake -n $first -a reset -d 'Have the next boot take away what was written'
complete -c strake -n $first -a follow -d 'Have extensions go with the system that runs'
complete -c strake -n $first -a pending -d 'Tell if a newer version is installed than was booted'
complete -c strake -n $first -a reboot -d 'Reboot if a newer version is installed than was booted'
complete -c strake -n $first -a features -d 'Show optional features'
complete -c strake -n $first -a enable-feature -d 'Switch optional features on'
complete -c strake -n $first -a disable-feature -d 'Switch optional features off'
complete -c strake -n $first -a components -d 'Show components'
complete -c strake -n $first -a enable-component -d 'Enable components'
complete -c strake -n $first -a disable-component -d 'Disable components'
complete -c strake -n $first -a ext -d 'Merge system and configuration extensions'
complete -c strake -n $first -a bake -d 'Make extension images of recipes'
complete -c strake -n $first -a key -d 'Make, show and change the keys that sign repositories'
complete -c strake -n $first -a publish -d 'Publish images in a signed repository'
complete -c strake -n $first -a promote -d 'Offer a tested candidate to everybody'
complete -c strake -n $first -a withdraw -d 'Offer a version to nobody any more'
complete -c strake -n $first -a gc -d 'Remove content that no list names any more'
complete -c strake -n $first -a mirror -d 'Make a copy of a repository, verified'
complete -c strake -n $first -a lint -d 'Say what is wrong with extension images'

complete -c strake -n 'not __strake_is_ext; and __fish_seen_subcommand_from list plan update acquire rollback pin skip release' \
    -a '(__strake_ask all --offline list)'
complete -c strake -n 'not __strake_is_ext; and __fish_seen_subcommand_from features enable-feature disable-feature' \
    -a '(__strake_ask features features)'
complete -c strake -n 'not __strake_is_ext; and __fish_seen_subcommand_from reset' \
    -a 'restore cancel forget-backup perform'
complete -c strake -n 'not __strake_is_ext; and __fish_seen_subcommand_from enable-component disable-component' \
    -a '(__strake_ask components components)'

complete -c strake -n $update -s h -l help -d 'Show a short help'
complete -c strake -n $update -l version -d 'Show the version of strake'
complete -c strake -n $update -s C -l component -x -a '(__strake_ask components components)' -d 'Work on a component'
complete -c strake -n $update -s A -l component-all -d 'Work on the system and all enabled components'
complete -c strake -n $update -s S -l component-suggested -d 'Take all suggested components'
complete -c strake -n $update -s a -l feature-all -d 'Take all features'
complete -c strake -n $update -s s -l feature-suggested -d 'Take all suggested features'
complete -c strake -n $update -l definitions -x -a '(__fish_complete_directories)' -d 'Read definitions from this directory'
complete -c strake -n $update -l root -x -a '(__fish_complete_directories)' -d 'Work on the system in this directory'
complete -c strake -n $update -l image -r -F -d 'Work on the system in this disk image'
complete -c strake -n $update -l image-policy -x -d 'Which partitions of the image may be used'
complete -c strake -n $update -l transfer-source -x -a '(__fish_complete_directories)' -d 'What PathRelativeTo=explicit means'
complete -c strake -n $update -s m -l instances-max -x -d 'How many versions to keep'
complete -c strake -n $update -l sync -x -a 'yes no' -d 'Whether to bring data to stable storage'
complete -c strake -n $update -l verify -x -a 'yes no' -d 'Whether to check signatures'
complete -c strake -n $update -l reboot -d 'Reboot after an update to a newer version'
complete -c strake -n $update -l offline -d 'Ask no server'
complete -c strake -n $update -l cleanup -x -a 'yes no' -d 'Clean up after an update'
complete -c strake -n $update -l no-pager -d 'Accepted; no pager is ever started'
complete -c strake -n $update -l no-legend -d 'Leave out headers and counts'
complete -c strake -n $update -l json -x -a 'pretty short off' -d 'Answer in JSON'
complete -c strake -n $update -l automatic -d 'Do what automatic.conf wants timers to do'
complete -c strake -n $update -l when -x -a 'now window boot' -d 'When to bring it into effect'
complete -c strake -n $update -l kexec -d 'Go over to another kernel without firmware, if it can be'
complete -c strake -n $update -r -F -l keep -d 'What a reset leaves as it is'
complete -c strake -n $update -l keep-machine-id -d 'Let a reset leave the machine ID'
complete -c strake -n $update -l keep-data -d 'Let a reset leave what extensions have written'
complete -c strake -n $update -l with-extensions -d 'Let a reset take the extensions away, too'
complete -c strake -n $update -l backup -d 'Let a reset put aside what it takes away'
complete -c strake -n $update -s n -l dry-run -d 'Show what would be done, and do nothing'

complete -c strake -n $ext_first -a status -d 'Show what is merged'
complete -c strake -n $ext_first -a list -d 'List installed extensions'
complete -c strake -n $ext_first -a merge -d 'Merge extensions'
complete -c strake -n $ext_first -a unmerge -d 'Take all extensions away'
complete -c strake -n $ext_first -a refresh -d 'Merge what has changed, without a gap'
complete -c strake -n $ext_first -a plan -d 'Show what a refresh would do, and why'
complete -c strake -n $ext_first -a why -d 'Explain what becomes of an extension'
complete -c strake -n $ext_first -a enable -d 'Have extensions merged from the next refresh on'
complete -c strake -n $ext_first -a disable -d 'Leave extensions out from the next refresh on'
complete -c strake -n $ext_first -a generations -d 'Show the sets that were merged'
complete -c strake -n $ext_first -a diff -d 'Show what was written, or differs between generations'
complete -c strake -n $ext_first -a capture -d 'Make an extension of what was written'
complete -c strake -n $ext_first -a rollback -d 'Bring a generation back, and hold it'
complete -c strake -n $ext_first -a release -d 'Hold no generation any more'
complete -c strake -n $ext_first -a try -d 'Merge an extension for a while'
complete -c strake -n $ext_first -a keep -d 'Keep what is on trial'
complete -c strake -n $ext_first -a take-back -d 'End the trial without it'
complete -c strake -n $ext_first -a search -d 'Show extensions of repositories'
complete -c strake -n $ext_first -a install -d 'Get an extension from a repository and merge it'
complete -c strake -n $ext_first -a remove -d 'Unmerge what was installed and take it away'
complete -c strake -n $ext_first -a upgrade -d 'Bring what was installed up to date'
complete -c strake -n $ext_first -a identify -d 'Say which image a file comes from'
complete -c strake -n $ext_first -a check -d 'Say which extensions would fit another system'

complete -c strake -n '__strake_is_ext; and __fish_seen_subcommand_from why enable disable try' \
    -a '(__strake_extensions)'

complete -c strake -n $ext -s h -l help -d 'Show a short help'
complete -c strake -n $ext -l version -d 'Show the version of strake'
complete -c strake -n $ext -l class -x -a 'sysext confext' -d 'Work on extensions of this class only'
complete -c strake -n $ext -l root -x -a '(__fish_complete_directories)' -d 'Work on the system in this directory'
complete -c strake -n $ext -l mutable -x -a 'no yes auto import ephemeral ephemeral-import help' -d 'How hierarchies take writes'
complete -c strake -n $ext -l image-policy -x -d 'Which images may be used'
complete -c strake -n $ext -l noexec -x -a 'yes no' -d 'Whether programs of extensions may not be run'
complete -c strake -n $ext -l force -d 'Merge extensions even if they do not fit'
complete -c strake -n $ext -l no-reload -d 'Do not tell the service manager'
complete -c strake -n $ext -l always-refresh -x -a 'yes no' -d 'Merge anew even if nothing has changed'
complete -c strake -n $ext -l strict -d 'Change nothing if an extension is broken'
complete -c strake -n $ext -l for -x -d 'How long an extension is tried'
complete -c strake -n $ext -l when-over -d 'Take back only when the time of the trial is over'
complete -c strake -n $ext -l for-os-release -r -d 'The os-release that extensions are to fit'
complete -c strake -n $ext -l from -x -d 'The repository that an extension comes from'
complete -c strake -n $ext -l trust -r -d 'The public key or root.json of that repository'
complete -c strake -n $ext -l channel -x -a 'stable candidate' -d 'The channel of its list'
complete -c strake -n $ext -s n -l dry-run -d 'Show what would be installed, and do nothing'
complete -c strake -n $ext -l no-pager -d 'Accepted; no pager is ever started'
complete -c strake -n $ext -l no-legend -d 'Leave out headers and footers'
complete -c strake -n $ext -l json -x -a 'pretty short off' -d 'Answer in JSON'

complete -c strake -n $bakery -F
complete -c strake -n $bakery -s h -l help -d 'Show a short help'
complete -c strake -n $bakery -s o -l output -x -a '(__fish_complete_directories)' -d 'Where the images go'
complete -c strake -n $bakery -l sources -x -a '(__fish_complete_directories)' -d 'Where sources are kept by their hash'
complete -c strake -n $bakery -l key -r -F -d 'Sign disk images with this key'
complete -c strake -n $bakery -l certificate -r -F -d 'The certificate of the key'
complete -c strake -n $bakery -l base -x -a '(__fish_complete_directories)' -d 'Compare with the system in this directory'
complete -c strake -n $bakery -l repository -x -a '(__fish_complete_directories)' -d 'The repository'
complete -c strake -n $bakery -l keys -x -a '(__fish_complete_directories)' -d 'Versions of root.json'
complete -c strake -n $bakery -l sign-with -r -F -d 'The secret key that signs'
complete -c strake -n $bakery -l gpg-key -x -d 'Sign by gpg as well'
complete -c strake -n $bakery -l url -x -d 'By which clients reach the repository'
complete -c strake -n $bakery -l name -x -d 'What a new repository is called'
complete -c strake -n $bakery -l channel -x -a 'stable candidate' -d 'Who is to see it'
complete -c strake -n $bakery -l valid-for -x -d 'When clients call the list stale'
complete -c strake -n $bakery -l no-lint -d 'Publish what lint refuses or cannot read'
complete -c strake -n $bakery -l older-than -x -d 'For how long no list has named it'
complete -c strake -n $bakery -l trust -r -F -d 'The public key or root.json of the repository'
complete -c strake -n $bakery -l reason -x -d 'Why a version is withdrawn'
complete -c strake -n $bakery -l root-key -r -F -d 'A public key that may change the keys'
complete -c strake -n $bakery -l release-key -r -F -d 'A public key that may sign lists'
complete -c strake -n $bakery -l retire -r -F -d 'A public key that may do nothing any more'
complete -c strake -n $bakery -l threshold -x -d 'How many root keys have to sign'
complete -c strake -n $bakery -l release-threshold -x -d 'How many release keys have to sign'
complete -c strake -n $bakery -l attach -d 'Put signatures that were made elsewhere into the images'
complete -c strake -n $bakery -l check -d 'Build each image twice, and compare'
complete -c strake -n $bakery -l watch -d 'Go on, and bake again what has changed'
complete -c strake -n $bakery -s n -l dry-run -d 'Show what would be done, and do nothing'
complete -c strake -n $bakery -l no-legend -d 'Leave out headers'
complete -c strake -n $bakery -l json -x -a 'pretty short off' -d 'Answer in JSON'
