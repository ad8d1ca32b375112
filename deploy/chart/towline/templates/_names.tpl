{{/* The name of the operator's objects. */}}
{{- define "towline.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- printf "%s-operator" (.Release.Name | trunc 41 | trimSuffix "-") -}}
{{- else -}}
{{- printf "%s-%s-operator" (.Release.Name | trunc 20 | trimSuffix "-") ($name | trunc 20 | trimSuffix "-") -}}
{{- end -}}
{{- end }}

{{/* The labels that select the pods; they never change. */}}
{{- define "towline.selectorLabels" -}}
app.kubernetes.io/name: towline
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end }}

{{/* The labels of every object. */}}
{{- define "towline.commonLabels" -}}
{{- with omit .Values.commonLabels "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/part-of" "app.kubernetes.io/version" "app.kubernetes.io/managed-by" "app.kubernetes.io/component" "helm.sh/chart" }}
{{- toYaml . }}
{{ end -}}
app.kubernetes.io/name: towline
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/part-of: towline
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "towline.labels" -}}
{{ include "towline.commonLabels" . }}
app.kubernetes.io/component: operator
{{- end }}

{{- define "towline.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "towline.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name must be set if serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end }}

{{/* The image; a digest takes precedence over the tag. */}}
{{- define "towline.image" -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- with .Values.image.digest }}@{{ . }}{{ end -}}
{{- end }}

{{/* The operator's roles: one for itself, and one for each enabled engine. */}}
{{- define "towline.parts" -}}
- operator
{{- if .Values.engines.tekton.enabled }}
- tekton
{{- end }}
{{- if .Values.engines.argo.enabled }}
- argo
{{- end }}
{{- end }}
