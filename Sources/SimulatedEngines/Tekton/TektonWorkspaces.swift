import APIServer
import KubeClient

/// Claims that Tekton creates for workspaces, and the bindings of tasks to them.
enum TektonWorkspaces {
    static let claims = GroupVersionResource(group: "", version: "v1", resource: "persistentvolumeclaims")

    /// The name of the claim of a workspace with a template: `pvc-` and ten digits, or the template's name as prefix.
    static func claimName(of workspace: JSONValue, runUID: String) -> String {
        let prefix = workspace["volumeClaimTemplate"]?["metadata"]?["name"]?.stringValue ?? ""
        let identity = SHA256.hexadecimal((workspace["name"]?.stringValue ?? "") + runUID).prefix(10)
        return "\(prefix.isEmpty ? "pvc" : prefix)-\(identity)"
    }

    /// The claims to create for a run.
    static func claims(for workspaces: [JSONValue], owner: JSONValue, runUID: String) -> [JSONValue] {
        workspaces.compactMap { workspace in
            guard var claim = workspace.present("volumeClaimTemplate") else { return nil }
            claim["apiVersion"] = "v1"
            claim["kind"] = "PersistentVolumeClaim"
            claim["status"] = nil
            var metadata = claim.metadata
            metadata["name"] = .string(claimName(of: workspace, runUID: runUID))
            metadata["creationTimestamp"] = nil
            metadata["ownerReferences"] = [owner]
            claim["metadata"] = .object(metadata)
            return claim
        }
    }

    /// The binding of a task's workspace: the run's volume or claim, and both subpaths joined.
    static func binding(name: String, subPath: String, of workspace: JSONValue, runUID: String) -> JSONValue {
        var binding = workspace
        if workspace.present("volumeClaimTemplate") != nil {
            binding = ["persistentVolumeClaim": ["claimName": .string(claimName(of: workspace, runUID: runUID))]]
        }
        binding["name"] = .string(name)
        let paths = [workspace["subPath"]?.stringValue ?? "", subPath].filter { !$0.isEmpty }
        binding["subPath"] = paths.isEmpty ? nil : .string(paths.joined(separator: "/"))
        return binding
    }

    /// The workspaces that the steps of an embedded Task refer to, in alphabetical order.
    static func used(in taskSpec: JSONObject) -> [String] {
        let trees = ["steps", "sidecars", "stepTemplate"].compactMap { taskSpec[$0] }
        let names = trees.flatMap { Placeholders.tekton.variables(in: $0) }.compactMap { variable -> String? in
            guard variable.hasPrefix("workspaces.") else { return nil }
            return String(variable.dropFirst("workspaces.".count).prefix { $0 != "." })
        }
        return Set(names).sorted()
    }
}

/// The workspaces of one TaskRun: declared by its Task, bound by its specification.
struct TaskWorkspaces: Sendable {
    let bindings: [JSONValue]
    private let declarations: [JSONValue]
    private let isEmbedded: Bool

    init(bindings: [JSONValue], taskSpec: JSONObject, isEmbedded: Bool) {
        self.bindings = bindings
        self.isEmbedded = isEmbedded
        let declared = taskSpec["workspaces"]?.elements ?? []
        let names = Set(declared.compactMap { $0["name"]?.stringValue })
        declarations =
            declared
            + bindings.filter { !names.contains($0["name"]?.stringValue ?? "") }
            .map { ["name": $0["name"] ?? ""] }
        declaredNames = names
    }

    private let declaredNames: Set<String>

    /// Why the TaskRun cannot start, with Tekton's message; nil if its workspaces are bound correctly.
    var problem: String? {
        let bound = Set(bindings.compactMap { $0["name"]?.stringValue })
        for declaration in declarations where declaration["optional"] != true {
            let name = declaration["name"]?.stringValue ?? ""
            if !bound.contains(name) {
                return "[User error] declared workspace \"\(name)\" is required but has not been bound"
            }
        }
        if !isEmbedded,
            let name = bindings.map({ $0["name"]?.stringValue ?? "" }).first(where: { !declaredNames.contains($0) })
        {
            return "[User error] workspace binding \"\(name)\" does not match any declared workspace"
        }
        let claims = Set(bindings.compactMap { $0["persistentVolumeClaim"]?["claimName"]?.stringValue })
        // The affinity assistant, which Tekton uses by default, allows one claim.
        return claims.count > 1 ? "[User error] more than one PersistentVolumeClaim is bound" : nil
    }

    /// The Task with volumes, mounts, and variables of its workspaces.
    func applied(to taskSpec: JSONObject) -> JSONObject {
        var result = taskSpec
        if !bindings.isEmpty {
            var volumes = taskSpec["volumes"]?.elements ?? []
            var mounts = taskSpec["stepTemplate"]?["volumeMounts"]?.elements ?? []
            var added: Set<String> = []
            for binding in bindings {
                let volume = volume(of: binding)
                let name = volume["name"]?.stringValue ?? ""
                if added.insert(name).inserted { volumes.append(volume) }
                mounts.append(mount(of: binding, volume: name))
            }
            result["volumes"] = .array(volumes)
            var template = taskSpec["stepTemplate"]?.objectValue ?? JSONObject()
            if template["computeResources"] == nil { template["computeResources"] = [:] }
            template["volumeMounts"] = .array(mounts)
            result["stepTemplate"] = .object(template)
            result["workspaces"] = .array(declarations)
        }
        return replacements.applied(toTask: result)
    }

    private var replacements: TektonReplacements {
        var replacements = TektonReplacements()
        let bound = Dictionary(bindings.map { ($0["name"]?.stringValue ?? "", $0) }, uniquingKeysWith: { $1 })
        for declaration in declarations {
            let name = declaration["name"]?.stringValue ?? ""
            let binding = bound[name]
            let isBound = binding != nil || declaration["optional"] != true
            replacements.set("workspaces.\(name).bound", to: isBound ? "true" : "false")
            replacements.set("workspaces.\(name).path", to: isBound ? path(of: declaration) : "")
            guard let binding else { continue }
            let claim = binding["persistentVolumeClaim"]?["claimName"]?.stringValue ?? ""
            replacements.set("workspaces.\(name).claim", to: claim)
            replacements.set("workspaces.\(name).volume", to: volume(of: binding)["name"]?.stringValue ?? "")
        }
        return replacements
    }

    private func path(of declaration: JSONValue) -> String {
        let own = declaration["mountPath"]?.stringValue ?? ""
        return own.isEmpty ? "/workspace/\(declaration["name"]?.stringValue ?? "")" : own
    }

    /// The volume of a binding; bindings of the same claim share the volume of the first.
    private func volume(of binding: JSONValue) -> JSONValue {
        let claim = binding["persistentVolumeClaim"]?["claimName"]
        let first = claim.flatMap { claim in
            bindings.first { $0["persistentVolumeClaim"]?["claimName"] == claim }
        }
        var volume = (first ?? binding).objectValue ?? JSONObject()
        let name = volume.text("name")
        volume["subPath"] = nil
        let hash = String(FNV.hash32(name), radix: 16)
        volume["name"] = .string("ws-" + (hash + "00000").prefix(5))
        return .object(volume)
    }

    private func mount(of binding: JSONValue, volume: String) -> JSONValue {
        let declaration = declarations.first { $0["name"] == binding["name"] } ?? binding
        var mount: JSONObject = ["name": .string(volume), "mountPath": .string(path(of: declaration))]
        mount["subPath"] = binding["subPath"]
        if declaration["readOnly"] == true { mount["readOnly"] = true }
        return .object(mount)
    }
}
