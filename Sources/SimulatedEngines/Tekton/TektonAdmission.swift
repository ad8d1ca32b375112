import APIServer
import KubeClient

/// What Tekton's admission webhooks answer when a PipelineRun is created.
///
/// The checks and messages are those of `PipelineRun.Validate` of Tekton's API, after its defaults. Embedded Pipelines
/// are not validated.
enum TektonAdmission {
    static var webhook: AdmissionWebhook {
        var webhook = AdmissionWebhook(
            name: "validation.webhook.pipeline.tekton.dev", resource: Tekton.pipelineRuns)
        webhook.validate = { run in
            let problems = problems(of: run)
            return problems.isEmpty ? nil : "validation failed: \(problems.text)"
        }
        return webhook
    }

    static func problems(of run: JSONValue) -> FieldProblems {
        var problems = FieldProblems()
        if run.metadata.text("name").utf8.count > 63 {
            problems.add("Invalid resource name: length must be no more than 63 characters", ["metadata", "name"])
        }
        let spec = run["spec"] ?? [:]
        checkReference(spec, &problems)
        checkParameters(spec["params"]?.elements ?? [], &problems)
        checkTimeouts(spec["timeouts"] ?? [:], &problems)
        for (index, settings) in (spec["taskRunSpecs"]?.elements ?? []).enumerated() {
            checkTask(settings, timeouts: spec["timeouts"], path: ["spec", "taskRunSpecs", "[\(index)]"], &problems)
        }
        checkRequest(spec["status"]?.stringValue ?? "", &problems)
        checkWorkspaces(spec["workspaces"]?.elements ?? [], &problems)
        return problems
    }
}

// MARK: - The Pipeline and its parameters

extension TektonAdmission {
    private static func checkReference(_ spec: JSONValue, _ problems: inout FieldProblems) {
        let reference = spec.present("pipelineRef")
        let embedded = spec.present("pipelineSpec")
        let both = [["spec", "pipelineRef"], ["spec", "pipelineSpec"]]
        if reference == nil, embedded == nil { problems.add(FieldProblems.neither, paths: both) }
        if reference != nil, embedded != nil { problems.add(FieldProblems.both, paths: both) }
        guard let reference else { return }
        let path = ["spec", "pipelineRef"]
        let name = reference["name"]?.stringValue ?? ""
        let resolver = reference["resolver"]?.stringValue ?? ""
        let parameters = reference.present("params")?.elements
        if resolver.isEmpty, parameters == nil {
            if name.isEmpty { problems.add(FieldProblems.missing, path + ["name"]) }
            return
        }
        if let parameters {
            if !name.isEmpty { problems.add(FieldProblems.both, paths: [path + ["name"], path + ["params"]]) }
            if resolver.isEmpty { problems.add(FieldProblems.missing, path + ["resolver"]) }
            checkNames(of: parameters, path: path, &problems)
        }
        if !resolver.isEmpty, !name.isEmpty {
            problems.add("invalid value: invalid URI for request", path + ["name"])
        }
    }

    private static func checkParameters(_ parameters: [JSONValue], _ problems: inout FieldProblems) {
        checkNames(of: parameters, path: ["spec", "params"], &problems)
        for parameter in parameters {
            let references = TektonValue(parameter["value"]).texts.flatMap(TektonText.expressions).filter { text in
                let parts = text.split(separator: ".", omittingEmptySubsequences: false)
                return parts.count >= 4 && ["tasks", "finally"].contains(parts[0]) && parts[2] == "results"
            }
            guard references.contains(where: { (4...5).contains($0.split(separator: ".").count) }) else { continue }
            let list = references.joined(separator: " ")
            problems.add(
                "invalid value: cannot use result expressions in [\(list)] as PipelineRun parameter values",
                ["spec", "params", "[\(parameter["name"]?.stringValue ?? "")]", "value"])
        }
    }

    /// Names are compared without regard to case.
    private static func checkNames(of parameters: [JSONValue], path: [String], _ problems: inout FieldProblems) {
        var seen: Set<String> = []
        for name in parameters.map({ $0["name"]?.stringValue ?? "" }) where !seen.insert(name.lowercased()).inserted {
            problems.add(FieldProblems.both, path + ["[\(name)]", "name"])
        }
    }

    private static func checkRequest(_ request: String, _ problems: inout FieldProblems) {
        let words = ["Cancelled", "CancelledRunFinally", "StoppedRunFinally", "PipelineRunPending"]
        guard !request.isEmpty, !words.contains(request) else { return }
        let list = words.dropLast().joined(separator: ", ") + " or PipelineRunPending"
        problems.add("invalid value: \(request) should be \(list)", ["spec", "status"])
    }
}

// MARK: - Timeouts

extension TektonAdmission {
    private static func limit(_ object: JSONValue?, _ key: String) -> Duration? {
        (object?[key]?.stringValue).flatMap { Duration(goDuration: $0) }
    }

    /// Tekton's defaults come first, so an absent timeout of the pipeline is one hour.
    private static func checkTimeouts(_ timeouts: JSONValue, _ problems: inout FieldProblems) {
        let path = ["spec", "timeouts"]
        for part in ["tasks", "finally", "pipeline"] {
            guard let limit = limit(timeouts, part), limit < .zero else { continue }
            problems.add("invalid value: \(limit.signedGoText) should be >= 0", path + [part])
        }
        let whole = limit(timeouts, "pipeline") ?? Tekton.defaultTimeout
        let bound = "should be <= pipeline duration"
        for part in ["tasks", "finally"] {
            guard let limit = limit(timeouts, part), whole != .zero, limit > whole || limit == .zero else { continue }
            let text = limit.signedGoText + (limit == .zero ? " (no timeout)" : "")
            problems.add("invalid value: \(text) \(bound)", path + [part])
        }
        if let tasks = limit(timeouts, "tasks"), let final = limit(timeouts, "finally"), tasks + final > whole {
            problems.add(
                "invalid value: \(tasks.signedGoText) + \(final.signedGoText) \(bound)",
                paths: [path + ["tasks"], path + ["finally"]])
        }
    }

    private static func checkTask(
        _ settings: JSONValue, timeouts: JSONValue?, path: [String], _ problems: inout FieldProblems
    ) {
        guard let timeout = limit(settings, "timeout") else { return }
        let (whole, source) =
            if let tasks = limit(timeouts, "tasks") {
                (tasks, "pipeline tasks duration")
            } else {
                (limit(timeouts, "pipeline") ?? Tekton.defaultTimeout, "pipeline duration")
            }
        if let negative = [timeout, whole].first(where: { $0 < .zero }) {
            problems.add("invalid value: \(negative.signedGoText) should be >= 0", path + ["timeout"])
        } else if whole != .zero, timeout > whole {
            problems.add("invalid value: \(timeout.goText) should be <= \(source) \(whole.goText)", path + ["timeout"])
        }
    }
}

extension Duration {
    fileprivate var signedGoText: String {
        self < .zero ? "-" + (.zero - self).goText : goText
    }
}

// MARK: - Workspaces

extension TektonAdmission {
    private static let sources = [
        "volumeClaimTemplate", "persistentVolumeClaim", "emptyDir", "configMap", "secret", "projected", "csi",
    ]
    /// The sources that Tekton's messages list.
    private static let listedSources = [
        "persistentvolumeclaim", "volumeclaimtemplate", "emptydir", "configmap", "secret",
    ]

    private static func checkWorkspaces(_ workspaces: [JSONValue], _ problems: inout FieldProblems) {
        var indices: [String: Int] = [:]
        for (index, workspace) in workspaces.enumerated() {
            let path = ["spec", "workspaces", "[\(index)]"]
            checkSource(of: workspace, path: path, &problems)
            let name = workspace["name"]?.stringValue ?? ""
            if let other = indices.updateValue(index, forKey: name) {
                problems.add(
                    "workspace \"\(name)\" provided by pipelinerun more than once, at index \(other) and \(index)",
                    path + ["name"])
            }
        }
    }

    private static func checkSource(of workspace: JSONValue, path: [String], _ problems: inout FieldProblems) {
        let given = sources.filter { workspace.present($0) != nil }
        let listed = listedSources.map { path + [$0] }
        if given.isEmpty, (workspace["name"]?.stringValue ?? "").isEmpty {
            problems.add(FieldProblems.missing, path)
        } else if given.count != 1 {
            problems.add(given.isEmpty ? FieldProblems.neither : FieldProblems.both, paths: listed)
        } else {
            let required: [(source: String, key: String, field: String)] = [
                ("persistentVolumeClaim", "claimName", "persistentvolumeclaim.claimname"),
                ("configMap", "name", "configmap.name"), ("secret", "secretName", "secret.secretName"),
                ("csi", "driver", "csi.driver"),
            ]
            for (source, key, field) in required where source == given.first {
                guard (workspace[source]?[key]?.stringValue ?? "").isEmpty else { continue }
                problems.add(FieldProblems.missing, path + field.split(separator: ".").map(String.init))
            }
            if given.first == "projected", (workspace["projected"]?["sources"]?.elements ?? []).isEmpty {
                problems.add(FieldProblems.missing, path + ["projected", "sources"])
            }
        }
    }
}

extension JSONValue {
    /// A member that is neither absent nor null.
    func present(_ key: String) -> JSONValue? {
        self[key].flatMap { $0.isNull ? nil : $0 }
    }
}

/// Problems of fields, printed as Knative's `FieldError` prints them.
struct FieldProblems: Hashable, Sendable {
    static let missing = "missing field(s)"
    static let both = "expected exactly one, got both"
    static let neither = "expected exactly one, got neither"

    private var paths: [String: Set<String>] = [:]

    var isEmpty: Bool { paths.isEmpty }

    /// One line for each message, in alphabetical order, with its paths in alphabetical order.
    var text: String {
        paths.keys.sorted().map { "\($0): \((paths[$0] ?? []).sorted().joined(separator: ", "))" }
            .joined(separator: "\n")
    }

    mutating func add(_ message: String, _ path: [String]) {
        add(message, paths: [path])
    }

    mutating func add(_ message: String, paths added: [[String]]) {
        paths[message, default: []].formUnion(added.map(Self.flatten))
    }

    /// Joins the parts with periods; a part in brackets follows its predecessor directly.
    private static func flatten(_ path: [String]) -> String {
        var parts: [String] = []
        for part in path.flatMap({ $0.split(separator: ".") }) {
            if part.hasPrefix("["), part.hasSuffix("]"), let last = parts.popLast() {
                parts.append(last + part)
            } else {
                parts.append(String(part))
            }
        }
        return parts.joined(separator: ".")
    }
}
