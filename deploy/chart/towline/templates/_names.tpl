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

{{/* The labels by which the pods are selected; they never change. */}}
{{- define "towline.selectorLabels" -}}
app.kubernetes.io/name: towline
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end }}

{{/* The labels that every object has. */}}
{{- define "towline.commonLabels" -}}
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
{{- required "serviceAccount.name is needed when serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end }}

{{/* The image, by digest where one is given: the digest decides, the tag is for people. */}}
{{- define "towline.image" -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- with .Values.image.digest }}@{{ . }}{{ end -}}
{{- end }}

{{/* The parts of the operator's rights that are switched on. */}}
{{- define "towline.parts" -}}
- operator
{{- if .Values.engines.tekton.enabled }}
- tekton
{{- end }}
{{- if .Values.engines.argo.enabled }}
- argo
{{- end }}
{{- end }}
