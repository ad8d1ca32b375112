{{/* Refuses values that the chart does not use, and says what to write instead. */}}
{{- define "towline.checks" -}}
{{- $known := list "image" "imagePullSecrets" "nameOverride" "fullnameOverride" "commonLabels" "replicas" "watchNamespaces" "engines" "pollInterval" "workers" "logLevel" "logFormat" "links" "runLabels" "allowedSources" "extraArgs" "extraEnv" "crds" "serviceAccount" "rbac" "admissionPolicy" "resources" "podSecurityContext" "containerSecurityContext" "nodeSelector" "tolerations" "affinity" "topologySpreadConstraints" "priorityClassName" "podLabels" "podAnnotations" "podDisruptionBudget" "networkPolicy" "metrics" "extraObjects" "global" "enabled" -}}
{{- $instead := dict "replicaCount" "replicas" "namespace" "watchNamespaces" "namespaces" "watchNamespace" "watchNamespaces" "watchNamespaces" "log" "logLevel or logFormat" "logging" "logLevel or logFormat" "linkPresets" "links.presets" "linkTemplates" "links.templates" "args" "extraArgs" "env" "extraEnv" "extraEnvVars" "extraEnv" "labels" "commonLabels" "installCRDs" "crds.install" "crd" "crds" "securityContext" "containerSecurityContext" "podSecurity" "podSecurityContext" "pdb" "podDisruptionBudget" "imagePullSecret" "imagePullSecrets" "serviceMonitor" "metrics.serviceMonitor" "podMonitor" "metrics.podMonitor" "prometheusRule" "metrics.rules" "dashboard" "metrics.dashboard" "priorityClass" "priorityClassName" "extraManifests" "extraObjects" "extraDeploy" "extraObjects" "policy" "admissionPolicy" -}}
{{- range $name, $_ := .Values -}}
{{- if not (has $name $known) -}}
{{- if hasKey $instead $name -}}
{{- fail (printf "%s is not a value of this chart; use %s" $name (get $instead $name)) -}}
{{- else -}}
{{- fail (printf "%s is not a value of this chart; the values are listed in its README.md, and printed by: helm show values" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if not (or .Values.engines.tekton.enabled .Values.engines.argo.enabled) -}}
{{- fail "engines: both are disabled; set engines.tekton.enabled or engines.argo.enabled to true" -}}
{{- end -}}
{{- /* Flags that values of this chart set; all others may be extraArgs or, as TOWLINE_... variables, extraEnv. */ -}}
{{- $values := dict "namespace" "watchNamespaces" "engine" "engines" "poll-interval" "pollInterval" "workers" "workers" "metrics-bind-address" "metrics.enabled" "link-template" "links.templates" "link-preset" "links.presets" "run-label" "runLabels.fixed" "run-label-prefix" "runLabels.allowedPrefixes" "allowed-registries" "allowedSources.registries" "allowed-resolvers" "allowedSources.resolvers" "argo-instance-id" "engines.argo.instanceID" "leader-elect-resource-name" "fullnameOverride" "log-level" "logLevel" "zap-log-level" "logLevel" "log-format" "logFormat" "zap-encoder" "logFormat" -}}
{{- $others := list "expiry-warning" "config" "kubeconfig" "context" "health-probe-bind-address" "leader-elect-lease-duration" "leader-elect-renew-deadline" "leader-elect-retry-period" "leader-elect-resource-namespace" "log-time-encoding" "zap-time-encoding" -}}
{{- range .Values.extraArgs -}}
{{- if not (regexMatch "^--[a-z-]+=" .) -}}
{{- fail (printf "extraArgs: %q must be one flag with its value, such as --log-time-encoding=epoch" .) -}}
{{- end -}}
{{- $flag := regexFind "[a-z][a-z-]*" . -}}
{{- if eq $flag "leader-elect" -}}
{{- fail "extraArgs: leader election is always on; remove --leader-elect" -}}
{{- else if hasKey $values $flag -}}
{{- fail (printf "extraArgs: --%s is set by a value of this chart; use %s" $flag (get $values $flag)) -}}
{{- else if not (has $flag $others) -}}
{{- fail (printf "extraArgs: --%s is unknown; other flags are: --%s" $flag (join ", --" (sortAlpha $others))) -}}
{{- end -}}
{{- end -}}
{{- range .Values.extraEnv -}}
{{- if hasPrefix "TOWLINE_" .name -}}
{{- $flag := .name | trimPrefix "TOWLINE_" | lower | replace "_" "-" -}}
{{- if eq $flag "leader-elect" -}}
{{- fail "extraEnv: leader election is always on; remove TOWLINE_LEADER_ELECT" -}}
{{- else if hasKey $values $flag -}}
{{- fail (printf "extraEnv: %s has no effect beside a value of this chart; use %s" .name (get $values $flag)) -}}
{{- else if not (has $flag $others) -}}
{{- fail (printf "extraEnv: %s is unknown, and the operator would not start; docs/configuration.md lists the variables" .name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}
