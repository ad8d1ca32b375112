/// Workflows that run quickly in the simulated engines.
enum Templates {
    static let all = [pipeline, failingPipeline, slowPipeline, workflowTemplate, failingTemplate, slowTemplate]
        .joined(separator: "\n---\n")

    static let pipeline = """
        apiVersion: tekton.dev/v1
        kind: Pipeline
        metadata:
          name: works
          annotations: {sandbox.towline.dev/duration: 100ms}
        spec:
          params: [{name: TARGET, type: string, default: none}]
          tasks:
            - {name: drain, taskSpec: {steps: [{name: run, image: example, command: [drain]}]}}
            - {name: restart, runAfter: [drain], taskSpec: {steps: [{name: run, image: example, command: [restart]}]}}
        """

    static let failingPipeline = """
        apiVersion: tekton.dev/v1
        kind: Pipeline
        metadata:
          name: breaks
          annotations: {sandbox.towline.dev/duration: 100ms, sandbox.towline.dev/fail.restart: exit=3}
        spec:
          tasks:
            - {name: drain, taskSpec: {steps: [{name: run, image: example, command: [drain]}]}}
            - {name: restart, runAfter: [drain], taskSpec: {steps: [{name: run, image: example, command: [restart]}]}}
        """

    static let slowPipeline = """
        apiVersion: tekton.dev/v1
        kind: Pipeline
        metadata: {name: takes-long, annotations: {sandbox.towline.dev/duration: 10m}}
        spec:
          tasks: [{name: wait, taskSpec: {steps: [{name: run, image: example, command: [wait]}]}}]
        """

    static let workflowTemplate = """
        apiVersion: argoproj.io/v1alpha1
        kind: WorkflowTemplate
        metadata:
          name: works
          annotations: {sandbox.towline.dev/duration: 100ms}
        spec:
          entrypoint: main
          arguments: {parameters: [{name: TARGET, value: none}]}
          templates:
            - {name: main, steps: [[{name: drain, template: task}], [{name: restart, template: task}]]}
            - {name: task, container: {image: example, command: [run]}}
        """

    static let failingTemplate = """
        apiVersion: argoproj.io/v1alpha1
        kind: WorkflowTemplate
        metadata:
          name: breaks
          annotations: {sandbox.towline.dev/duration: 100ms, sandbox.towline.dev/fail.restart: exit=3}
        spec:
          entrypoint: main
          templates:
            - {name: main, steps: [[{name: drain, template: task}], [{name: restart, template: task}]]}
            - {name: task, container: {image: example, command: [run]}}
        """

    static let slowTemplate = """
        apiVersion: argoproj.io/v1alpha1
        kind: WorkflowTemplate
        metadata: {name: takes-long, annotations: {sandbox.towline.dev/duration: 10m}}
        spec:
          entrypoint: wait
          templates: [{name: wait, container: {image: example, command: [run]}}]
        """

    /// An execution of one of the workflows above; `more` is additional YAML for its spec.
    static func execution(_ name: String, engine: String, workflow: String = "works", more: String = "") -> String {
        """
        apiVersion: towline.dev/v1alpha1
        kind: WorkflowExecution
        metadata: {name: \(name)}
        spec:
          workflowRef: {workflowId: \(workflow), engine: \(engine)}
        \(more.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n"))
        """
    }
}
