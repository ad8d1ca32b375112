import KubeClient

/// What a run sets for one pipeline task: its entry in `taskRunSpecs`, over `taskRunTemplate`.
struct TaskSettings: Sendable {
    let serviceAccountName: String
    let podTemplate: JSONValue?
    let computeResources: JSONValue?
    let timeout: Duration?
    let labels: JSONObject
    let annotations: JSONObject

    init(task: String, specification: JSONObject) {
        let template = specification["taskRunTemplate"]
        let own = (specification["taskRunSpecs"]?.elements ?? []).last { $0["pipelineTaskName"]?.stringValue == task }
        let account = own?["serviceAccountName"]?.stringValue ?? ""
        serviceAccountName = account.isEmpty ? template?["serviceAccountName"]?.stringValue ?? "default" : account
        podTemplate = Self.merge(own?.present("podTemplate"), over: template?.present("podTemplate"))
        computeResources = own?.present("computeResources")
        timeout = (own?["timeout"]?.stringValue).flatMap(Duration.goLimit)
        labels = own?["metadata"]?["labels"]?.objectValue ?? JSONObject()
        annotations = own?["metadata"]?["annotations"]?.objectValue ?? JSONObject()
    }

    /// A task's pod template with what only the run's template sets; `env` and `volumes` are merged by name.
    static func merge(_ own: JSONValue?, over base: JSONValue?) -> JSONValue? {
        guard var result = own?.objectValue else { return base }
        for member in base?.objectValue ?? JSONObject() {
            guard let mine = result[member.key] else {
                result[member.key] = member.value
                continue
            }
            guard ["env", "volumes"].contains(member.key) else { continue }
            let names = Set(mine.elements.compactMap { $0["name"]?.stringValue })
            let kept = member.value.elements.filter { !names.contains($0["name"]?.stringValue ?? "") }
            result[member.key] = .array(kept + mine.elements)
        }
        return .object(result)
    }

    /// The service accounts of all tasks of a run.
    static func serviceAccountNames(_ specification: JSONObject) -> Set<String> {
        let own = (specification["taskRunSpecs"]?.elements ?? []).compactMap { $0["serviceAccountName"]?.stringValue }
        let shared = specification["taskRunTemplate"]?["serviceAccountName"]?.stringValue ?? "default"
        return Set(own + [shared]).filter { !$0.isEmpty }
    }
}

/// The resources of a whole task, divided among the containers of its steps.
enum TaskResources {
    /// The `resources` of each of `steps` containers: an equal part of the requests, and the whole limits.
    static func perStep(_ resources: JSONValue, steps: Int) -> JSONValue {
        var result = JSONObject()
        // Without requests, Kubernetes would request the limits for every step.
        if let requests = resources.present("requests") ?? resources.present("limits") {
            var part = JSONObject()
            for member in requests.objectValue ?? JSONObject() {
                part[member.key] = divide(
                    member.value, by: steps, isMilli: !["memory", "ephemeral-storage"].contains(member.key))
            }
            result["requests"] = .object(part)
        }
        result["limits"] = resources.present("limits")
        return .object(result)
    }

    private static let units: [(suffix: String, factor: Int64)] = [
        ("Ki", 1 << 10), ("Mi", 1 << 20), ("Gi", 1 << 30), ("Ti", 1 << 40), ("Pi", 1 << 50), ("k", 1000),
        ("M", 1_000_000), ("G", 1_000_000_000), ("T", 1_000_000_000_000), ("P", 1_000_000_000_000_000),
    ]

    /// A quantity divided by a number; unchanged if it is not a whole number with a unit.
    private static func divide(_ quantity: JSONValue, by count: Int, isMilli: Bool) -> JSONValue {
        guard let text = quantity.scalarText, count > 1 else { return quantity }
        let unit = units.first { text.hasSuffix($0.suffix) }
        let digits = text.dropLast(unit?.suffix.count ?? 0)
        if isMilli {
            let milli =
                text.hasSuffix("m") ? Int64(text.dropLast()) : Int64(digits).map { $0.multipliedClamping(by: 1000) }
            guard unit == nil, let milli else { return quantity }
            let part = milli / Int64(count)
            return .string(part % 1000 == 0 ? "\(part / 1000)" : "\(part)m")
        }
        guard let number = Int64(digits) else { return quantity }
        let part = number.multipliedClamping(by: unit?.factor ?? 1) / Int64(count)
        let isBinary = unit?.suffix.hasSuffix("i") ?? false
        let best = units.last { $0.suffix.hasSuffix("i") == isBinary && part % $0.factor == 0 && part > 0 }
        return .string(best.map { "\(part / $0.factor)\($0.suffix)" } ?? "\(part)")
    }
}

extension Int64 {
    fileprivate func multipliedClamping(by factor: Int64) -> Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }
}
