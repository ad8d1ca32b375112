/// One workflow as both engines know it: `drain`, then `restart`, then perhaps something that cleans up.
///
/// The annotations are the same for both, so that the simulated engines do the same.
struct ParityWorkflow: Sendable {
    /// The sandbox's annotations without their prefix; tasks take a moment unless they say otherwise.
    var annotations: [String: String] = [:]
    /// Further lines of the Tekton task `restart`.
    var tektonTask = ""
    /// Further members of the Argo step `restart`, and of the template it calls.
    var argoStep = ""
    var argoTemplate = ""
    /// True for a workflow that has to be given `TARGET`.
    var needsParameter = false
    /// True for a workflow that tells `revision`, a result of `restart`.
    var hasResult = false
    /// True for one with a `finally` task and an exit handler named `clean-up`.
    var cleansUp = false

    private var metadata: String {
        let all = annotations.merging(["duration": "100ms"]) { own, _ in own }
        return all.sorted { $0.key < $1.key }.map { "sandbox.towline.dev/\($0.key): \"\($0.value)\"" }
            .joined(separator: ", ")
    }

    /// The Pipeline and the WorkflowTemplate of this name.
    func manifests(_ name: String) -> String { "\(pipeline(name))\n---\n\(workflowTemplate(name))" }

    private func pipeline(_ name: String) -> String {
        let results = hasResult ? "results: [{name: revision, type: string}], " : ""
        let step = "steps: [{name: run, image: example, command: [run]}]"
        var lines = [
            "apiVersion: tekton.dev/v1", "kind: Pipeline", "metadata:", "  name: \(name)",
            "  annotations: {\(metadata)}", "spec:", "  tasks:",
            "    - {name: drain, taskSpec: {\(step)}}",
            "    - {name: restart, runAfter: [drain], taskSpec: {\(results)\(step)}\(member(tektonTask))}",
        ]
        if cleansUp { lines += ["  finally: [{name: clean-up, taskSpec: {\(step)}}]"] }
        if needsParameter { lines += ["  params: [{name: TARGET, type: string}]"] }
        if hasResult {
            lines += ["  results: [{name: revision, type: string, value: $(tasks.restart.results.revision)}]"]
        }
        return lines.joined(separator: "\n")
    }

    private func workflowTemplate(_ name: String) -> String {
        let container = "container: {image: example, command: [run]}"
        let outputs =
            hasResult
            ? ", outputs: {parameters: [{name: revision, globalName: revision, valueFrom: {path: /revision}}]}" : ""
        var lines = [
            "apiVersion: argoproj.io/v1alpha1", "kind: WorkflowTemplate", "metadata:", "  name: \(name)",
            "  annotations: {\(metadata)}", "spec:", "  entrypoint: main", "  templates:",
            "    - {name: main, steps: [[{name: drain, template: task}],"
                + " [{name: restart, template: special\(member(argoStep))}]]}",
            "    - {name: task, \(container)}",
            "    - {name: special, \(container)\(outputs)\(member(argoTemplate))}",
            "    - {name: clean-up, \(container)}",
        ]
        if cleansUp { lines += ["  onExit: clean-up"] }
        if needsParameter { lines += ["  arguments: {parameters: [{name: TARGET}]}"] }
        return lines.joined(separator: "\n")
    }

    private func member(_ text: String) -> String { text.isEmpty ? "" : ", \(text)" }
}
