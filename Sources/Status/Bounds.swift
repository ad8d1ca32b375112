import KubeClient
import TowlineAPI

/// The bounds of a status, with texts in bytes; the schemas in `crds/` allow as many characters.
package enum Bounds {
    package static let message = 1024
    /// The longest name, kind, UID or engine reason.
    package static let name = 253
    package static let progress = 32
    package static let outputs = 64
    package static let outputValue = 4096
    package static let links = 8
    package static let url = 2048
    package static let conditions = 16
    package static let digest = 71
    package static let resolverName = 63
    /// The longest image reference.
    package static let image = 1024
    /// The longest default of a parameter, and value of a resolver's parameter.
    package static let parameterValue = 1024
    package static let parameters = 64
    package static let resolverParameters = 16
}

extension Array {
    /// The first `limit` elements with distinct, nonempty names, because the schema lists them by name.
    func firstOfEachName(_ name: (Element) -> String, atMost limit: Int) -> [Element] {
        var names: Set<String> = [""]
        var result: [Element] = []
        for element in self where result.count < limit {
            if names.insert(name(element)).inserted { result.append(element) }
        }
        return result
    }
}

extension RunReference {
    var bounded: RunReference {
        RunReference(
            apiVersion: apiVersion.bounded(to: Bounds.name), kind: kind.bounded(to: Bounds.name),
            name: name.bounded(to: Bounds.name), uid: uid.bounded(to: Bounds.name))
    }
}

extension ResolvedWorkflow {
    /// The schema of definitions has the same bounds, so that nothing is truncated unless a cluster has another schema.
    var bounded: ResolvedWorkflow {
        var workflow = self
        workflow.target.name = target.name?.bounded(to: Bounds.name)
        workflow.target.containerImage = target.containerImage?.bounded(to: Bounds.image)
        workflow.target.containerDigest = target.containerDigest?.bounded(to: Bounds.digest)
        workflow.target.imagePullSecret = target.imagePullSecret?.bounded(to: Bounds.name)
        workflow.target.resolver = target.resolver.map { resolver in
            Resolver(
                name: resolver.name.bounded(to: Bounds.resolverName),
                parameters: resolver.parameters.bounded(toCount: Bounds.resolverParameters))
        }
        workflow.serviceAccountName = serviceAccountName?.bounded(to: Bounds.name)
        workflow.parameters = parameters.bounded(toCount: Bounds.parameters)
        workflow.definitionUID = definitionUID.bounded(to: Bounds.name)
        return workflow
    }
}

extension [MapEntry] {
    /// The first entries of each key, with each value within the number of characters that the schema allows.
    fileprivate func bounded(toCount limit: Int) -> [MapEntry] {
        firstOfEachName(\.key, atMost: limit)
            .map { MapEntry(key: $0.key, value: String($0.value.unicodeScalars.prefix(Bounds.parameterValue))) }
    }
}

extension Failure {
    var bounded: Failure {
        Failure(
            task: task?.displayable.bounded(to: Bounds.name), step: step?.displayable.bounded(to: Bounds.name),
            exitCode: exitCode, reason: reason?.displayable.bounded(to: Bounds.name),
            message: message?.displayable.bounded(to: Bounds.message))
    }
}

extension Output {
    var bounded: Output {
        Output(name: name.bounded(to: Bounds.name), value: value.bounded(to: Bounds.outputValue))
    }
}
