#!/bin/sh
# Writes the forms in which Argo CD takes the Lua of this folder: a patch of its ConfigMap, values of its Helm chart, and
# a patch for the resource of its operator. `make manifests` runs it; a test compares.
set -eu
cd "$(dirname "$0")"

# Indents a file by $1 spaces; empty lines stay empty.
indent() { sed "s/^./$(printf "%$1s" '')&/" "$2"; }

# The two settings, indented by $1 spaces.
settings() {
  pad=$(printf "%$1s" '')
  echo "${pad}resource.customizations.health.towline.dev_WorkflowExecution: |"
  indent $(($1 + 2)) health.lua
  echo "${pad}resource.customizations.actions.towline.dev_WorkflowExecution: |"
  echo "${pad}  discovery.lua: |"
  indent $(($1 + 4)) actions/discovery.lua
  echo "${pad}  definitions:"
  for action in stop terminate; do
    echo "${pad}    - name: $action"
    echo "${pad}      action.lua: |"
    indent $(($1 + 8)) "actions/$action/action.lua"
  done
}

note='# Written by write.sh from the Lua beside it; change that.'

{
  echo "$note"
  printf 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: argocd-cm\ndata:\n'
  settings 2
} >argocd-cm.yaml

{
  echo "$note"
  printf 'configs:\n  cm:\n'
  settings 4
} >helm-values.yaml

{
  echo "$note"
  printf 'spec:\n  extraConfig:\n'
  settings 4
} >argocd-operator.yaml
