import KubeClient

/// What a run gives to its Pipeline, checked against what the Pipeline declares.
///
/// Order, reasons, and messages are those of Tekton's reconciler.
struct PipelineInputs: Sendable {
    let run: ObjectKey
    let pipelineName: String
    /// The Pipeline's specification with Tekton's defaults.
    let pipeline: JSONObject
    /// The run's specification.
    let specification: JSONObject

    private var declared: [JSONValue] { pipeline["params"]?.elements ?? [] }
    private var given: [JSONValue] { specification["params"]?.elements ?? [] }

    /// Why the run cannot start; nil if everything fits.
    var problem: TektonCondition? {
        let subject = "PipelineRun \(run)"
        let target = "Pipeline \(run.namespace)/\(pipelineName)"
        if let why = missingParameters {
            return fail("ParameterMissing", "\(subject) is missing some parameters required by \(target): \(why)")
        }
        if let why = mismatchedTypes {
            return fail(
                "ParameterTypeMismatch",
                "\(subject) parameters have mismatching types with \(target)'s parameters: \(why)")
        }
        if let missing = Self.missingKeys(declared, given: given) {
            return fail(
                "ObjectParameterMissKeys",
                "\(subject) parameters is missing object keys required by \(target)'s parameters: "
                    + "pipelineRun missing object keys for parameters: \(missing)")
        }
        if let why = indicesOutOfBounds {
            return fail(
                "ParamArrayIndexingInvalid",
                "\(subject) failed validation: failed to validate \(target)'s parameter which has an invalid index while "
                    + "referring to an array: \(why)")
        }
        if let name = unboundWorkspace {
            return fail(
                "InvalidWorkspaceBindings",
                "\(subject) doesn't bind \(target)'s Workspaces correctly: "
                    + "pipeline requires workspace with name \"\(name)\" be provided by pipelinerun")
        }
        if let name = unknownTask {
            return fail(
                "InvalidTaskRunSpecs",
                "\(subject) doesn't define taskRunSpecs correctly: pipelineRun's taskrunSpecs defined wrong taskName: "
                    + "\"\(name)\", does not exist in Pipeline")
        }
        return nil
    }

    private func fail(_ reason: String, _ message: String) -> TektonCondition {
        TektonCondition(status: .failed, reason: reason, message: "[User error] \(message)")
    }
}

// MARK: - Parameters

extension PipelineInputs {
    private var missingParameters: String? {
        let names = Set(given.compactMap { $0["name"]?.stringValue })
        let missing = declared.filter { $0["default"] == nil }.compactMap { $0["name"]?.stringValue }
            .filter { !names.contains($0) }
        return missing.isEmpty ? nil : "pipelineRun missing parameters: \(TektonText.goList(missing))"
    }

    private var mismatchedTypes: String? {
        let types = Dictionary(
            declared.map { ($0["name"]?.stringValue ?? "", $0["type"]?.stringValue ?? "string") },
            uniquingKeysWith: { $1 })
        let wrong = given.filter { parameter in
            guard let type = types[parameter["name"]?.stringValue ?? ""] else { return false }
            return TektonValue(parameter["value"]).type != type
        }
        guard !wrong.isEmpty else { return nil }
        let names = wrong.map { $0["name"]?.stringValue ?? "" }
        return "parameters have inconsistent types : \(TektonText.goList(names))"
    }

    /// The required keys that object parameters lack, in Go's format of a map; nil if none.
    static func missingKeys(_ declarations: [JSONValue], given: [JSONValue]) -> String? {
        var provided: [String: Set<String>] = [:]
        var needed: [String: Set<String>] = [:]
        for declaration in declarations where declaration["type"] == "object" {
            let name = declaration["name"]?.stringValue ?? ""
            needed[name] = Set(declaration["properties"]?.objectValue?.keys ?? [])
            for key in TektonValue(declaration["default"]).members.keys { provided[name, default: []].insert(key) }
        }
        for parameter in given {
            for key in TektonValue(parameter["value"]).members.keys {
                provided[parameter["name"]?.stringValue ?? "", default: []].insert(key)
            }
        }
        let missing = provided.compactMap { name, keys -> String? in
            let lacking = (needed[name] ?? []).subtracting(keys)
            return lacking.isEmpty ? nil : "\(name):\(TektonText.goList(lacking.sorted()))"
        }
        return missing.isEmpty ? nil : "map[\(missing.sorted().joined(separator: " "))]"
    }

    private var indicesOutOfBounds: String? {
        var lengths: [String: Int] = [:]
        for (list, key) in [(declared, "default"), (given, "value")] {
            for parameter in list {
                guard case .array(let elements) = TektonValue(parameter[key]) else { continue }
                lengths[parameter["name"]?.stringValue ?? ""] = elements.count
            }
        }
        let outside = indexedReferences.filter { reference in
            guard let length = lengths[reference.parameter] else { return false }
            return reference.index >= length
        }
        let texts = Set(outside.map(\.text)).sorted()
        return texts.isEmpty ? nil : "non-existent param references:\(TektonText.goList(texts))"
    }

    /// The references to elements of array parameters, where Tekton looks for them.
    private var indexedReferences: [TektonText.IndexedReference] {
        var texts: [String] = []
        for list in ["tasks", "finally"] {
            for task in pipeline[list]?.elements ?? [] {
                let parameters = (task["params"]?.elements ?? []) + (task["matrix"]?["params"]?.elements ?? [])
                texts += parameters.flatMap { TektonValue($0["value"]).texts }
                if list == "tasks" {
                    texts += (task["workspaces"]?.elements ?? []).compactMap { $0["subPath"]?.stringValue }
                }
                for condition in task["when"]?.elements ?? [] {
                    texts += ([condition["input"]] + (condition["values"]?.elements ?? [])).compactMap {
                        $0?.stringValue
                    }
                }
            }
        }
        return texts.flatMap(TektonText.indexedReferences)
    }
}

// MARK: - Workspaces and tasks

extension PipelineInputs {
    /// The first required workspace that the run does not bind.
    private var unboundWorkspace: String? {
        let bound = Set((specification["workspaces"]?.elements ?? []).compactMap { $0["name"]?.stringValue })
        return (pipeline["workspaces"]?.elements ?? []).filter { $0["optional"] != true }
            .compactMap { $0["name"]?.stringValue }.first { !bound.contains($0) }
    }

    /// The first entry of `taskRunSpecs` that names no task of the Pipeline.
    private var unknownTask: String? {
        let tasks = (pipeline["tasks"]?.elements ?? []) + (pipeline["finally"]?.elements ?? [])
        let names = Set(tasks.compactMap { $0["name"]?.stringValue })
        return (specification["taskRunSpecs"]?.elements ?? []).map { $0["pipelineTaskName"]?.stringValue ?? "" }
            .first { !names.contains($0) }
    }
}

/// The parameters that a pipeline task gives to its Task.
enum TaskInputs {
    /// Why the parameters do not fit the Task, in Tekton's words; nil if they fit.
    static func problem(task: String, declared: [JSONValue], given: [JSONValue], matrix: [JSONValue]) -> String? {
        let subject = "invalid input params for task \(task): "
        let names = Set((given + matrix).compactMap { $0["name"]?.stringValue })
        let missing = declared.filter { $0["default"] == nil }.compactMap { $0["name"]?.stringValue }
            .filter { !names.contains($0) }
        if !missing.isEmpty {
            return subject
                + "missing values for these params which have no default values: \(TektonText.goList(missing))"
        }
        let types = Dictionary(
            declared.map { ($0["name"]?.stringValue ?? "", $0["type"]?.stringValue ?? "string") },
            uniquingKeysWith: { $1 })
        var wrong = given.filter { parameter in
            guard let type = types[parameter["name"]?.stringValue ?? ""] else { return false }
            let value = TektonValue(parameter["value"])
            // A reference to a result is text until the result exists.
            if case .string(let text) = value, type != "string", !TektonText.expressions(text).isEmpty { return false }
            return value.type != type
        }
        wrong += matrix.filter { types[$0["name"]?.stringValue ?? ""].map { $0 != "string" } ?? false }
        if !wrong.isEmpty {
            let list = TektonText.goList(wrong.map { $0["name"]?.stringValue ?? "" })
            return "\(subject)param types don't match the user-specified type: \(list)"
        }
        return PipelineInputs.missingKeys(declared, given: given).map { missing in
            "\(subject)missing keys for these params which are required in ParamSpec's properties \(missing)"
        }
    }
}
