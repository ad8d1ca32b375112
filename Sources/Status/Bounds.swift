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
