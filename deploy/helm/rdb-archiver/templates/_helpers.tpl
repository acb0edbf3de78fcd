{{- define "rdb-archiver.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 45 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 45 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "rdb-archiver.selector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "rdb-archiver.labels" -}}
{{ include "rdb-archiver.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "rdb-archiver.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "rdb-archiver.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name: needed, since serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* root, and which image. */}}
{{- define "rdb-archiver.image" -}}
{{- if .image.digest -}}
{{- printf "%s@%s" .image.repository .image.digest -}}
{{- else -}}
{{- printf "%s:%s" .image.repository (default .root.Chart.AppVersion .image.tag) -}}
{{- end -}}
{{- end -}}

{{/* What exit codes mean for a job (README.md lists them). Rules are read in order, the first that fits decides. */}}
{{- define "rdb-archiver.podFailurePolicy" -}}
rules:
  # A drained node says nothing about the job: start again, without counting it.
  - action: Ignore
    onPodConditions:
      - type: DisruptionTarget
        status: "True"
  {{- if .perIndex }}
  # 2 configuration: the same for every share.
  - action: FailJob
    onExitCodes:
      containerName: rdb-archiver
      operator: In
      values: [2]
  # 3 something failed, 11 destination: that share is over and the next run is the retry; FailJob would end the other shares too.
  - action: FailIndex
    onExitCodes:
      containerName: rdb-archiver
      operator: In
      values: [3, 11]
  {{- else }}
  # Trying again now cannot help: the next run is the retry.
  - action: FailJob
    onExitCodes:
      containerName: rdb-archiver
      operator: In
      values: {{ toJson .failJob }}
  {{- end }}
  # 1 unexpected, 10 no source could be listed: may pass, so try again.
  - action: Count
    onExitCodes:
      containerName: rdb-archiver
      operator: In
      values: [1, 10]
{{- end -}}

{{- define "rdb-archiver.podMetadata" -}}
labels:
  {{- include "rdb-archiver.labels" .root | nindent 2 }}
  app.kubernetes.io/component: {{ .component }}
  {{- with .root.Values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with merge (dict) .root.Values.podAnnotations (default (dict) .annotations) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The one pod that everything here runs: root, args, restartPolicy; shards, http where it has them; drill where it needs a server and a disk; resources where the worker's do not fit. */}}
{{- define "rdb-archiver.podSpec" -}}
{{- $values := .root.Values -}}
{{- $name := include "rdb-archiver.fullname" .root -}}
{{- $projectToken := and $values.tkeOidc.enabled (eq $values.tkeOidc.injection "projected") -}}
restartPolicy: {{ .restartPolicy }}
serviceAccountName: {{ include "rdb-archiver.serviceAccountName" .root }}
# The worker never speaks to the cluster's API. A cloud identity's token is a volume of its own.
automountServiceAccountToken: false
enableServiceLinks: false
# On SIGTERM the parts in flight are settled and our own uploads aborted.
terminationGracePeriodSeconds: {{ $values.terminationGracePeriodSeconds }}
{{- with $values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ $values.runAsUser }}
  runAsGroup: {{ $values.runAsGroup }}
  {{- with $values.fsGroup }}
  fsGroup: {{ . }}
  {{- end }}
  seccompProfile:
    type: RuntimeDefault
containers:
  - name: rdb-archiver
    image: {{ include "rdb-archiver.image" (dict "root" .root "image" (ternary $values.drill.image $values.image (not (empty .drill)))) }}
    imagePullPolicy: {{ $values.image.pullPolicy }}
    args: {{ toJson .args }}
    envFrom:
      - configMapRef:
          name: {{ $name }}
      {{- /* Without the Secret the worker starts all the same and says which credentials it misses; a pod that cannot start says little. */}}
      {{- range $values.existingSecrets }}
      - secretRef:
          name: {{ . }}
          optional: true
      {{- end }}
      {{- with $values.extraEnvFrom }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    {{- $env := include "rdb-archiver.env" . | trim }}
    {{- if $env }}
    env:
      {{- $env | nindent 6 }}
    {{- end }}
    {{- with .http }}
    ports:
      - name: http
        containerPort: {{ . }}
    livenessProbe:
      httpGet: { path: /healthz, port: http }
      periodSeconds: 30
      timeoutSeconds: 5
      failureThreshold: 4
    # Not ready is not dead: the cloud or the bucket was not reached of late.
    readinessProbe:
      httpGet: { path: /readyz, port: http }
      periodSeconds: 30
      timeoutSeconds: 5
    startupProbe:
      httpGet: { path: /healthz, port: http }
      periodSeconds: 2
      failureThreshold: 30
    {{- end }}
    securityContext:
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: true
      capabilities:
        drop: [ALL]
    resources:
      {{- toYaml (default (ternary $values.drill.resources $values.resources (not (empty .drill))) .resources) | nindent 6 }}
    {{- if or .drill $values.config $values.secretFiles $projectToken $values.extraVolumeMounts }}
    volumeMounts:
      {{- if .drill }}
      - name: scratch
        mountPath: /scratch
      {{- end }}
      {{- if $values.config }}
      - name: config
        mountPath: /etc/rdb-archiver
        readOnly: true
      {{- end }}
      {{- if $values.secretFiles }}
      - name: secret-files
        mountPath: /var/run/secrets/rdb-archiver
        readOnly: true
      {{- end }}
      {{- if $projectToken }}
      - name: tke-token
        mountPath: /var/run/secrets/cloud.tencent.com/serviceaccount
        readOnly: true
      {{- end }}
      {{- with $values.extraVolumeMounts }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    {{- end }}
{{- if or .drill $values.config $values.secretFiles $projectToken $values.extraVolumes }}
volumes:
  {{- if .drill }}
  # The largest dump, while a server loads it.
  - name: scratch
    emptyDir:
      sizeLimit: {{ $values.drill.scratch.sizeLimit }}
  {{- end }}
  {{- if $values.config }}
  - name: config
    configMap:
      name: {{ $name }}-file
  {{- end }}
  {{- if $values.secretFiles }}
  - name: secret-files
    projected:
      sources:
        {{- range $values.secretFiles }}
        - secret:
            name: {{ .secret }}
            items:
              - key: {{ .key }}
                path: {{ .variable }}
        {{- end }}
  {{- end }}
  {{- if $projectToken }}
  - name: tke-token
    projected:
      sources:
        - serviceAccountToken:
            audience: {{ $values.tkeOidc.audience }}
            expirationSeconds: {{ $values.tkeOidc.expirationSeconds }}
            path: token
  {{- end }}
  {{- with $values.extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "rdb-archiver.env" -}}
{{- $values := .root.Values -}}
{{- if $values.config }}
- name: ARCHIVER_CONFIG
  value: /etc/rdb-archiver/archiver.yaml
{{- end }}
{{- if .drill }}
- name: ARCHIVER_DRILL_DIRECTORY
  value: /scratch
{{- end }}
{{- with .shards }}
- name: ARCHIVER_SHARD_COUNT
  value: {{ . | quote }}
{{- end }}
{{- with .http }}
- name: ARCHIVER_SCHEDULE
  value: {{ $values.schedule | quote }}
- name: ARCHIVER_TIMEZONE
  value: {{ $values.timeZone | quote }}
- name: ARCHIVER_HTTP_LISTEN
  value: {{ printf ":%d" (int .) | quote }}
{{- end }}
{{- range $values.secretFiles }}
- name: {{ .variable }}_FILE
  value: /var/run/secrets/rdb-archiver/{{ .variable }}
{{- end }}
{{- if and $values.tkeOidc.enabled (eq $values.tkeOidc.injection "projected") }}
- name: TKE_ROLE_ARN
  value: {{ $values.tkeOidc.roleArn | quote }}
- name: TKE_REGION
  value: {{ $values.tkeOidc.region | quote }}
- name: TKE_PROVIDER_ID
  value: {{ $values.tkeOidc.providerId | quote }}
- name: TKE_WEB_IDENTITY_TOKEN_FILE
  value: /var/run/secrets/cloud.tencent.com/serviceaccount/token
{{- end }}
{{- with $values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}
