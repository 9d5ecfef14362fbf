# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_towpath_global_optspecs
    string join \n C/directory= o/output= offline q/quiet color= h/help V/version
end

function __fish_towpath_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_towpath_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_towpath_using_subcommand
    set -l cmd (__fish_towpath_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c towpath -n "__fish_towpath_needs_command" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_needs_command" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_needs_command" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_needs_command" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_needs_command" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_needs_command" -s V -l version -d 'Print version'
complete -c towpath -n "__fish_towpath_needs_command" -f -a "init" -d 'Infer the path from the repository and write towpath.yaml'
complete -c towpath -n "__fish_towpath_needs_command" -f -a "status" -d 'Show each environment: what it tracks, what it should get, what comes next'
complete -c towpath -n "__fish_towpath_needs_command" -f -a "explain" -d 'Say every reason why an environment is not on the newest release, and when it can be'
complete -c towpath -n "__fish_towpath_needs_command" -f -a "plan" -d 'Show what entering an environment would change, to the byte, and the gates before it'
complete -c towpath -n "__fish_towpath_needs_command" -f -a "render" -d 'Print the objects that a cluster is given, or that a folder builds to'
complete -c towpath -n "__fish_towpath_needs_command" -f -a "check" -d 'Check what clusters are given, or a folder of manifests, before it is merged'
complete -c towpath -n "__fish_towpath_needs_command" -f -a "explain-rule" -d 'Explain a rule of the checks, or list them'
complete -c towpath -n "__fish_towpath_needs_command" -f -a "diff" -d 'Show what differs between two sides, object by object'
complete -c towpath -n "__fish_towpath_needs_command" -f -a "promote" -d 'Move an environment to a release: one edit, one commit, pushed on the expected parent'
complete -c towpath -n "__fish_towpath_needs_command" -f -a "rollback" -d 'Move an environment back to its last recorded good version'
complete -c towpath -n "__fish_towpath_needs_command" -f -a "abort" -d 'Give up the last promotion of an environment: nothing moves on'
complete -c towpath -n "__fish_towpath_needs_command" -f -a "approve" -d 'Approve a plan by its hash'
complete -c towpath -n "__fish_towpath_needs_command" -f -a "override" -d 'Let one plan pass one gate, with a reason and an expiry'
complete -c towpath -n "__fish_towpath_needs_command" -f -a "freeze" -d 'Stop every promotion, of one environment or of all, and let go again'
complete -c towpath -n "__fish_towpath_needs_command" -f -a "report" -d 'Report a status of a release, for the gates that wait for it'
complete -c towpath -n "__fish_towpath_needs_command" -f -a "test" -d 'Put a release to a test of towpath.yaml in an environment, and record what came of it'
complete -c towpath -n "__fish_towpath_needs_command" -f -a "history" -d 'Show the ledger: who moved what, when, on what evidence'
complete -c towpath -n "__fish_towpath_needs_command" -f -a "simulate" -d 'Play a scenario, or what the ledger recorded, on the path: what would happen, and what waits for what'
complete -c towpath -n "__fish_towpath_needs_command" -f -a "gate" -d 'Judge the gates of a recorded promotion again'
complete -c towpath -n "__fish_towpath_needs_command" -f -a "release" -d 'Package a component as a Flux OCI artifact and publish it'
complete -c towpath -n "__fish_towpath_needs_command" -f -a "sandbox" -d 'Create, list, promote and delete sandboxes'
complete -c towpath -n "__fish_towpath_needs_command" -f -a "cluster" -d 'Start, list, stop and delete sandbox clusters on this machine'
complete -c towpath -n "__fish_towpath_needs_command" -f -a "run" -d 'Promote by itself what gates let pass, in the environments that are automatic'
complete -c towpath -n "__fish_towpath_needs_command" -f -a "demo" -d 'Carry an example change from a sandbox to production, on this machine, narrated'
complete -c towpath -n "__fish_towpath_needs_command" -f -a "completion" -d 'Print the completion script of a shell'
complete -c towpath -n "__fish_towpath_using_subcommand init" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand init" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand init" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand init" -l dry-run -d 'Print the file instead of writing it'
complete -c towpath -n "__fish_towpath_using_subcommand init" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand init" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand status" -l context -d 'Ask a cluster what it runs, by a context of the kubeconfig; in-cluster is that of the pod' -r
complete -c towpath -n "__fish_towpath_using_subcommand status" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand status" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand status" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand status" -l fetch -d 'Fetch from the remote first'
complete -c towpath -n "__fish_towpath_using_subcommand status" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand status" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand explain" -l component -d 'Only this component' -r
complete -c towpath -n "__fish_towpath_using_subcommand explain" -l to -d 'Say when this release can be there, instead of the newest' -r
complete -c towpath -n "__fish_towpath_using_subcommand explain" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand explain" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand explain" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand explain" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand explain" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand plan" -l component -d 'The component; needed where the environment has several that differ' -r
complete -c towpath -n "__fish_towpath_using_subcommand plan" -l to -d 'This version instead of the one that the path offers' -r
complete -c towpath -n "__fish_towpath_using_subcommand plan" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand plan" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand plan" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand plan" -l allow-downgrade -d 'Accept a version below the present one'
complete -c towpath -n "__fish_towpath_using_subcommand plan" -l allow-unknown -d 'Accept a version that neither the ledger nor the registry knows'
complete -c towpath -n "__fish_towpath_using_subcommand plan" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand plan" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand plan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand render" -l kustomize -d 'Build this folder as `kustomize build` does, instead of rendering a cluster' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand render" -l to -d 'Write a file for each object into this new folder, instead of printing them' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand render" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand render" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand render" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand render" -l show-secrets -d 'Show the values of Secrets that stand in the repository'
complete -c towpath -n "__fish_towpath_using_subcommand render" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand render" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand render" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand check" -l kubernetes -d 'Judge for this Kubernetes, whatever the environments run' -r
complete -c towpath -n "__fish_towpath_using_subcommand check" -l only -d 'Only these rules' -r
complete -c towpath -n "__fish_towpath_using_subcommand check" -l since -d 'Only findings that this revision did not have, and what changed since in definitions of custom resources; of a release, as COMPONENT@VERSION, only the definitions' -r
complete -c towpath -n "__fish_towpath_using_subcommand check" -l definitions -d 'Definitions of custom resources besides those of the repository: files or folders' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand check" -l context -d 'A connected cluster that is judged, too, by a context of the kubeconfig; in-cluster is that of the pod' -r
complete -c towpath -n "__fish_towpath_using_subcommand check" -l fail-on -d 'Answer no when there is a finding of at least this severity' -r -f -a "info\t'Every finding'
warning\t'Warnings and errors'
error\t'Errors'
never\t'None'"
complete -c towpath -n "__fish_towpath_using_subcommand check" -l removing -d 'Say who uses an API that is to be removed: keda.sh, scaledobjects.keda.sh, policy/v1beta1, or with a kind' -r
complete -c towpath -n "__fish_towpath_using_subcommand check" -l component -d 'Say what a component brings and needs, and which environments cannot run it: a file or folder of manifests, or -' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand check" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand check" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand check" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand check" -l fix -d 'Write the apiVersion that replaces a deprecated or removed one where the shape is the same, and nothing else'
complete -c towpath -n "__fish_towpath_using_subcommand check" -l impact -d 'Say whom the change concerns: owners, their objects, and what to do'
complete -c towpath -n "__fish_towpath_using_subcommand check" -l messages -d 'Print a message for each owner after the table, ready to send'
complete -c towpath -n "__fish_towpath_using_subcommand check" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand check" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand explain-rule" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand explain-rule" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand explain-rule" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand explain-rule" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand explain-rule" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand explain-rule" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand diff" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand diff" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand diff" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand diff" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand diff" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand promote" -l component -d 'The component; needed where the environment has several that differ' -r
complete -c towpath -n "__fish_towpath_using_subcommand promote" -l to -d 'This version instead of the one that the path offers' -r
complete -c towpath -n "__fish_towpath_using_subcommand promote" -l branch -d 'Push to this new branch, for a pull request, instead of to the trunk' -r
complete -c towpath -n "__fish_towpath_using_subcommand promote" -l interval -d 'How often Git and the registries are asked for news meanwhile: 30s, 5m' -r
complete -c towpath -n "__fish_towpath_using_subcommand promote" -l timeout -d 'Stay no longer than this (2): 1h' -r
complete -c towpath -n "__fish_towpath_using_subcommand promote" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand promote" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand promote" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand promote" -l allow-downgrade -d 'Accept a version below the present one'
complete -c towpath -n "__fish_towpath_using_subcommand promote" -l allow-unknown -d 'Accept a version that neither the ledger nor the registry knows'
complete -c towpath -n "__fish_towpath_using_subcommand promote" -l follow -d 'Stay until the release is verified (0), failed or was given up (1), and tell what happens on the way'
complete -c towpath -n "__fish_towpath_using_subcommand promote" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand promote" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand promote" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand rollback" -l component -d 'The component' -r
complete -c towpath -n "__fish_towpath_using_subcommand rollback" -l to -d 'This version instead of the last recorded good one' -r
complete -c towpath -n "__fish_towpath_using_subcommand rollback" -l branch -d 'Push to this new branch, for a pull request, instead of to the trunk' -r
complete -c towpath -n "__fish_towpath_using_subcommand rollback" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand rollback" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand rollback" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand rollback" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand rollback" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand rollback" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand abort" -l reason -d 'Why' -r
complete -c towpath -n "__fish_towpath_using_subcommand abort" -l component -d 'The component' -r
complete -c towpath -n "__fish_towpath_using_subcommand abort" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand abort" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand abort" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand abort" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand abort" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand abort" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand approve" -l component -d 'The component' -r
complete -c towpath -n "__fish_towpath_using_subcommand approve" -l to -d 'The version, where the plan is not for the one that the path offers' -r
complete -c towpath -n "__fish_towpath_using_subcommand approve" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand approve" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand approve" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand approve" -l sign -d 'Sign it with the key that Git is configured for, also where commit.gpgSign is not set'
complete -c towpath -n "__fish_towpath_using_subcommand approve" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand approve" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand approve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand override" -l reason -d 'Why' -r
complete -c towpath -n "__fish_towpath_using_subcommand override" -l for -d 'How long it counts' -r
complete -c towpath -n "__fish_towpath_using_subcommand override" -l component -d 'The component' -r
complete -c towpath -n "__fish_towpath_using_subcommand override" -l to -d 'The version, where the plan is not for the one that the path offers' -r
complete -c towpath -n "__fish_towpath_using_subcommand override" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand override" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand override" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand override" -l sign -d 'Sign it with the key that Git is configured for, also where commit.gpgSign is not set'
complete -c towpath -n "__fish_towpath_using_subcommand override" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand override" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand override" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand freeze; and not __fish_seen_subcommand_from on off list" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand freeze; and not __fish_seen_subcommand_from on off list" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand freeze; and not __fish_seen_subcommand_from on off list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand freeze; and not __fish_seen_subcommand_from on off list" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand freeze; and not __fish_seen_subcommand_from on off list" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand freeze; and not __fish_seen_subcommand_from on off list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand freeze; and not __fish_seen_subcommand_from on off list" -f -a "on" -d 'Stop every promotion'
complete -c towpath -n "__fish_towpath_using_subcommand freeze; and not __fish_seen_subcommand_from on off list" -f -a "off" -d 'Let go again of an environment, or of all where all were stopped'
complete -c towpath -n "__fish_towpath_using_subcommand freeze; and not __fish_seen_subcommand_from on off list" -f -a "list" -d 'Show what is frozen, by whom and why'
complete -c towpath -n "__fish_towpath_using_subcommand freeze; and __fish_seen_subcommand_from on" -l reason -d 'Why' -r
complete -c towpath -n "__fish_towpath_using_subcommand freeze; and __fish_seen_subcommand_from on" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand freeze; and __fish_seen_subcommand_from on" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand freeze; and __fish_seen_subcommand_from on" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand freeze; and __fish_seen_subcommand_from on" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand freeze; and __fish_seen_subcommand_from on" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand freeze; and __fish_seen_subcommand_from on" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand freeze; and __fish_seen_subcommand_from off" -l reason -d 'Why' -r
complete -c towpath -n "__fish_towpath_using_subcommand freeze; and __fish_seen_subcommand_from off" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand freeze; and __fish_seen_subcommand_from off" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand freeze; and __fish_seen_subcommand_from off" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand freeze; and __fish_seen_subcommand_from off" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand freeze; and __fish_seen_subcommand_from off" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand freeze; and __fish_seen_subcommand_from off" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand freeze; and __fish_seen_subcommand_from list" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand freeze; and __fish_seen_subcommand_from list" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand freeze; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand freeze; and __fish_seen_subcommand_from list" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand freeze; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand freeze; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand report" -l version -d 'The release; without it the one that waits for this status, else the newest' -r
complete -c towpath -n "__fish_towpath_using_subcommand report" -l component -d 'The component; needed where the path has several with artifacts' -r
complete -c towpath -n "__fish_towpath_using_subcommand report" -l detail -d 'What there is to say, in one line' -r
complete -c towpath -n "__fish_towpath_using_subcommand report" -l url -d 'Where to read more' -r
complete -c towpath -n "__fish_towpath_using_subcommand report" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand report" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand report" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand report" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand report" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand report" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand test" -l component -d 'The component' -r
complete -c towpath -n "__fish_towpath_using_subcommand test" -l version -d 'This release instead of the one that the environment has' -r
complete -c towpath -n "__fish_towpath_using_subcommand test" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand test" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand test" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand test" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand test" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand test" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand history; and not __fish_seen_subcommand_from verify" -l environment -d 'Only records of this environment' -r
complete -c towpath -n "__fish_towpath_using_subcommand history; and not __fish_seen_subcommand_from verify" -l component -d 'Only records of this component' -r
complete -c towpath -n "__fish_towpath_using_subcommand history; and not __fish_seen_subcommand_from verify" -l limit -d 'At most so many records, the newest' -r
complete -c towpath -n "__fish_towpath_using_subcommand history; and not __fish_seen_subcommand_from verify" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand history; and not __fish_seen_subcommand_from verify" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand history; and not __fish_seen_subcommand_from verify" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand history; and not __fish_seen_subcommand_from verify" -l overrides -d 'Only overrides and what passed by one'
complete -c towpath -n "__fish_towpath_using_subcommand history; and not __fish_seen_subcommand_from verify" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand history; and not __fish_seen_subcommand_from verify" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand history; and not __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand history; and not __fish_seen_subcommand_from verify" -f -a "verify" -d 'Prove that the chain is whole and agrees with the commits it names'
complete -c towpath -n "__fish_towpath_using_subcommand history; and __fish_seen_subcommand_from verify" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand history; and __fish_seen_subcommand_from verify" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand history; and __fish_seen_subcommand_from verify" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand history; and __fish_seen_subcommand_from verify" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand history; and __fish_seen_subcommand_from verify" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand history; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand simulate" -l since -d 'Play what the ledger has recorded since so long ago: 90d' -r
complete -c towpath -n "__fish_towpath_using_subcommand simulate" -l path-file -d 'State the path by this file instead of the repository\'s towpath.yaml' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand simulate" -l against -d 'Play it once more with the path that this file states, and compare' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand simulate" -l seed -d 'Draw chance by this number instead of the scenario\'s' -r
complete -c towpath -n "__fish_towpath_using_subcommand simulate" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand simulate" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand simulate" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand simulate" -l history -d 'Play what the ledger has recorded, from its first record on'
complete -c towpath -n "__fish_towpath_using_subcommand simulate" -l timeline -d 'Print every moment, however many there are'
complete -c towpath -n "__fish_towpath_using_subcommand simulate" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand simulate" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand simulate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand gate; and not __fish_seen_subcommand_from replay" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand gate; and not __fish_seen_subcommand_from replay" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand gate; and not __fish_seen_subcommand_from replay" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand gate; and not __fish_seen_subcommand_from replay" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand gate; and not __fish_seen_subcommand_from replay" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand gate; and not __fish_seen_subcommand_from replay" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand gate; and not __fish_seen_subcommand_from replay" -f -a "replay" -d 'Judge the gates of a recorded promotion again, on what the record says that they saw'
complete -c towpath -n "__fish_towpath_using_subcommand gate; and __fish_seen_subcommand_from replay" -l gate -d 'Only this gate, with what it looked at' -r
complete -c towpath -n "__fish_towpath_using_subcommand gate; and __fish_seen_subcommand_from replay" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand gate; and __fish_seen_subcommand_from replay" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand gate; and __fish_seen_subcommand_from replay" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand gate; and __fish_seen_subcommand_from replay" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand gate; and __fish_seen_subcommand_from replay" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand gate; and __fish_seen_subcommand_from replay" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand release; and not __fish_seen_subcommand_from list diff" -l component -d 'The component; needed where there are several' -r
complete -c towpath -n "__fish_towpath_using_subcommand release; and not __fish_seen_subcommand_from list diff" -l to -d 'The place: `oci://HOST/REPOSITORY` or `oci-layout:FOLDER`' -r
complete -c towpath -n "__fish_towpath_using_subcommand release; and not __fish_seen_subcommand_from list diff" -l commit -d 'Package this commit, tag or branch' -r
complete -c towpath -n "__fish_towpath_using_subcommand release; and not __fish_seen_subcommand_from list diff" -l ignore-paths -d 'Flux ignore patterns that choose the files, instead of the component\'s' -r
complete -c towpath -n "__fish_towpath_using_subcommand release; and not __fish_seen_subcommand_from list diff" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand release; and not __fish_seen_subcommand_from list diff" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand release; and not __fish_seen_subcommand_from list diff" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand release; and not __fish_seen_subcommand_from list diff" -l insecure -d 'Speak plain HTTP with the registry'
complete -c towpath -n "__fish_towpath_using_subcommand release; and not __fish_seen_subcommand_from list diff" -l work-tree -d 'Package the files as they are in the work tree; such a release is not recorded'
complete -c towpath -n "__fish_towpath_using_subcommand release; and not __fish_seen_subcommand_from list diff" -l dry-run -d 'Say what would be published, and publish nothing'
complete -c towpath -n "__fish_towpath_using_subcommand release; and not __fish_seen_subcommand_from list diff" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand release; and not __fish_seen_subcommand_from list diff" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand release; and not __fish_seen_subcommand_from list diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand release; and not __fish_seen_subcommand_from list diff" -a "list" -d 'List the releases of a component'
complete -c towpath -n "__fish_towpath_using_subcommand release; and not __fish_seen_subcommand_from list diff" -a "diff" -d 'Compare the contents of two releases'
complete -c towpath -n "__fish_towpath_using_subcommand release; and __fish_seen_subcommand_from list" -l component -d 'The component; needed where there are several' -r
complete -c towpath -n "__fish_towpath_using_subcommand release; and __fish_seen_subcommand_from list" -l to -d 'The place: `oci://HOST/REPOSITORY` or `oci-layout:FOLDER`' -r
complete -c towpath -n "__fish_towpath_using_subcommand release; and __fish_seen_subcommand_from list" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand release; and __fish_seen_subcommand_from list" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand release; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand release; and __fish_seen_subcommand_from list" -l insecure -d 'Speak plain HTTP with the registry'
complete -c towpath -n "__fish_towpath_using_subcommand release; and __fish_seen_subcommand_from list" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand release; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand release; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand release; and __fish_seen_subcommand_from diff" -l component -d 'The component; needed where there are several' -r
complete -c towpath -n "__fish_towpath_using_subcommand release; and __fish_seen_subcommand_from diff" -l to -d 'The place: `oci://HOST/REPOSITORY` or `oci-layout:FOLDER`' -r
complete -c towpath -n "__fish_towpath_using_subcommand release; and __fish_seen_subcommand_from diff" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand release; and __fish_seen_subcommand_from diff" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand release; and __fish_seen_subcommand_from diff" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand release; and __fish_seen_subcommand_from diff" -l insecure -d 'Speak plain HTTP with the registry'
complete -c towpath -n "__fish_towpath_using_subcommand release; and __fish_seen_subcommand_from diff" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand release; and __fish_seen_subcommand_from diff" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand release; and __fish_seen_subcommand_from diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and not __fish_seen_subcommand_from create list promote delete" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and not __fish_seen_subcommand_from create list promote delete" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and not __fish_seen_subcommand_from create list promote delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and not __fish_seen_subcommand_from create list promote delete" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and not __fish_seen_subcommand_from create list promote delete" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and not __fish_seen_subcommand_from create list promote delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and not __fish_seen_subcommand_from create list promote delete" -f -a "create" -d 'Clone an environment on a branch of its own'
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and not __fish_seen_subcommand_from create list promote delete" -f -a "list" -d 'List the sandboxes: owner, age, expiry, branch, divergence'
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and not __fish_seen_subcommand_from create list promote delete" -f -a "promote" -d 'Prepare the change for the trunk, without what belongs to the sandbox'
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and not __fish_seen_subcommand_from create list promote delete" -f -a "delete" -d 'Take a sandbox down in order, and close its branch'
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from create" -l from -d 'The environment to clone' -r
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from create" -l cluster -d 'The cluster to clone, where the environment has several' -r
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from create" -l ticket -d 'The ticket that asks for the change' -r
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from create" -l summary -d 'What the change is, in a few words' -r
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from create" -l for -d 'How long the sandbox is meant to live' -r
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from create" -l context -d 'The kubeconfig context of the sandbox\'s cluster, where it has one' -r
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from create" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from create" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from create" -l pin -d 'Keep ranges and tags at the exact digest of this moment'
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from create" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from list" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from list" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from list" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from promote" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from promote" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from promote" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from promote" -l merge -d 'Merge to the trunk now, instead of preparing a branch for a pull request'
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from promote" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from promote" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from promote" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from delete" -l emptied -d 'How it is known that nothing is left on the cluster, where one is connected' -r
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from delete" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from delete" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from delete" -l dry-run -d 'Print the teardown and delete nothing'
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from delete" -l force -d 'Delete a branch that has commits which are nowhere else'
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from delete" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand sandbox; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and not __fish_seen_subcommand_from start clone list stop delete" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and not __fish_seen_subcommand_from start clone list stop delete" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and not __fish_seen_subcommand_from start clone list stop delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and not __fish_seen_subcommand_from start clone list stop delete" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and not __fish_seen_subcommand_from start clone list stop delete" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and not __fish_seen_subcommand_from start clone list stop delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and not __fish_seen_subcommand_from start clone list stop delete" -f -a "start" -d 'Serve the API of a Kubernetes cluster that runs no containers, until stopped'
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and not __fish_seen_subcommand_from start clone list stop delete" -f -a "clone" -d 'Copy a live cluster into a sandbox of the same or a newer version, and serve it'
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and not __fish_seen_subcommand_from start clone list stop delete" -f -a "list" -d 'List the clusters that run or are kept'
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and not __fish_seen_subcommand_from start clone list stop delete" -f -a "stop" -d 'Stop a cluster and wait until it has ended'
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and not __fish_seen_subcommand_from start clone list stop delete" -f -a "delete" -d 'Stop a cluster and remove its kubeconfig and all that is kept of it'
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from start" -l kubernetes -d 'The version whose API is served' -r
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from start" -l listen -d 'The address to listen on; port 0 takes a free one' -r
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from start" -l kubeconfig -d 'Write the kubeconfig to this file, instead of one in the user\'s state folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from start" -l data -d 'Keep the cluster in this folder, or go on with the one that is kept there' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from start" -l name -d 'What the cluster is called' -r
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from start" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from start" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from start" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from start" -l plain-http -d 'Without TLS and without a token, for tests; only on a loopback address'
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from start" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from start" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from start" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from clone" -l context -d 'The live cluster, by its context in the kubeconfig' -r
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from clone" -l kubernetes -d 'The version whose API is served, instead of that of the live cluster' -r
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from clone" -l listen -d 'The address to listen on; port 0 takes a free one' -r
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from clone" -l kubeconfig -d 'Write the kubeconfig to this file, instead of one in the user\'s state folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from clone" -l data -d 'Keep the cluster in this folder, or go on with the one that is kept there' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from clone" -l name -d 'What the cluster is called' -r
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from clone" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from clone" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from clone" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from clone" -l secrets -d 'Take the values of Secrets along'
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from clone" -l webhooks -d 'Take the configurations of webhooks along, although nothing in a sandbox answers them'
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from clone" -l dry-run -d 'Only tell what would come of it'
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from clone" -l plain-http -d 'Without TLS and without a token, for tests; only on a loopback address'
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from clone" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from clone" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from clone" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from list" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from list" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from list" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from stop" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from stop" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from stop" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from stop" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from stop" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from stop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from delete" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from delete" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from delete" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand cluster; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand run" -l interval -d 'How often Git and the registries are asked for news: 30s, 5m' -r
complete -c towpath -n "__fish_towpath_using_subcommand run" -l tests -d 'Which tests that are due the loop runs by itself' -r -f -a "none\t'None'
jobs\t'Those that are Jobs, on their clusters'
all\t'Jobs, and commands on this machine'"
complete -c towpath -n "__fish_towpath_using_subcommand run" -l listen -d 'Where to hear webhooks and tell metrics: 127.0.0.1:8080; plain HTTP' -r
complete -c towpath -n "__fish_towpath_using_subcommand run" -l webhook-secret-file -d 'The file with the secret of webhooks. Without a secret no webhook is taken' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand run" -l webhook-secret-env -d 'The environment variable with the secret of webhooks' -r
complete -c towpath -n "__fish_towpath_using_subcommand run" -l lease -d 'The lease that must be held to act, of those that run on one path: NAMESPACE/NAME, or none. In a pod there is one of its own accord' -r
complete -c towpath -n "__fish_towpath_using_subcommand run" -l lease-context -d 'The cluster of the lease, by a context of the kubeconfig; in-cluster is that of the pod' -r
complete -c towpath -n "__fish_towpath_using_subcommand run" -l lease-duration -d 'How long the others wait when whoever holds the lease says nothing any more' -r
complete -c towpath -n "__fish_towpath_using_subcommand run" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand run" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand run" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand run" -l once -d 'Take one turn and end'
complete -c towpath -n "__fish_towpath_using_subcommand run" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand run" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand demo" -l into -d 'Write into this folder, which must not exist, and keep it' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand demo" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand demo" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand demo" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand demo" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand demo" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c towpath -n "__fish_towpath_using_subcommand completion" -s C -l directory -d 'Work on the repository in this folder' -r -F
complete -c towpath -n "__fish_towpath_using_subcommand completion" -s o -l output -d 'Print the answer in this format' -r -f -a "table\t'For people; carries no promise'
json\t'For programs; see docs/schemas'
yaml\t'The same as YAML'
markdown\t'For a pull request; `towpath diff` and `towpath check` have it'
unified\t'As `diff -u` writes; only `towpath diff` has it'
sarif\t'For code scanning; only `towpath check` has it'
junit\t'For reports of tests; only `towpath check` has it'
github\t'Annotations of GitHub Actions; only `towpath check` has it'"
complete -c towpath -n "__fish_towpath_using_subcommand completion" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c towpath -n "__fish_towpath_using_subcommand completion" -l offline -d 'Ask no registry and no remote'
complete -c towpath -n "__fish_towpath_using_subcommand completion" -s q -l quiet -d 'Print only the answer, no notes'
complete -c towpath -n "__fish_towpath_using_subcommand completion" -s h -l help -d 'Print help (see more with \'--help\')'
