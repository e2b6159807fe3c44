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

set -l verbs list check-new plan update acquire vacuum cleanup rollback pin hold skip release \
    history repair pending reboot features enable-feature disable-feature components \
    enable-component disable-component
set -l first "not __fish_seen_subcommand_from $verbs"

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
complete -c strake -n $first -a pending -d 'Tell if a newer version is installed than was booted'
complete -c strake -n $first -a reboot -d 'Reboot if a newer version is installed than was booted'
complete -c strake -n $first -a features -d 'Show optional features'
complete -c strake -n $first -a enable-feature -d 'Switch optional features on'
complete -c strake -n $first -a disable-feature -d 'Switch optional features off'
complete -c strake -n $first -a components -d 'Show components'
complete -c strake -n $first -a enable-component -d 'Enable components'
complete -c strake -n $first -a disable-component -d 'Disable components'

complete -c strake -n '__fish_seen_subcommand_from list plan update acquire rollback pin skip release' \
    -a '(__strake_ask all --offline list)'
complete -c strake -n '__fish_seen_subcommand_from features enable-feature disable-feature' \
    -a '(__strake_ask features features)'
complete -c strake -n '__fish_seen_subcommand_from enable-component disable-component' \
    -a '(__strake_ask components components)'

complete -c strake -s h -l help -d 'Show a short help'
complete -c strake -l version -d 'Show the version of strake'
complete -c strake -s C -l component -x -a '(__strake_ask components components)' -d 'Work on a component'
complete -c strake -s A -l component-all -d 'Work on the system and all enabled components'
complete -c strake -s S -l component-suggested -d 'Take all suggested components'
complete -c strake -s a -l feature-all -d 'Take all features'
complete -c strake -s s -l feature-suggested -d 'Take all suggested features'
complete -c strake -l definitions -x -a '(__fish_complete_directories)' -d 'Read definitions from this directory'
complete -c strake -l root -x -a '(__fish_complete_directories)' -d 'Work on the system in this directory'
complete -c strake -l image -r -F -d 'Work on the system in this disk image'
complete -c strake -l image-policy -x -d 'Which partitions of the image may be used'
complete -c strake -l transfer-source -x -a '(__fish_complete_directories)' -d 'What PathRelativeTo=explicit means'
complete -c strake -s m -l instances-max -x -d 'How many versions to keep'
complete -c strake -l sync -x -a 'yes no' -d 'Whether to bring data to stable storage'
complete -c strake -l verify -x -a 'yes no' -d 'Whether to check signatures'
complete -c strake -l reboot -d 'Reboot after an update to a newer version'
complete -c strake -l offline -d 'Ask no server'
complete -c strake -l cleanup -x -a 'yes no' -d 'Clean up after an update'
complete -c strake -l no-pager -d 'Accepted; no pager is ever started'
complete -c strake -l no-legend -d 'Leave out headers and counts'
complete -c strake -l json -x -a 'pretty short off' -d 'Answer in JSON'
complete -c strake -s n -l dry-run -d 'Show what would be done, and do nothing'
