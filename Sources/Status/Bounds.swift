import KubeClient
import TowlineAPI

/// The bounds of a status, texts in bytes; the schema in `crds/` allows as many characters.
package enum Bounds {
    package static let message = 1024
    /// Names and words.
    package static let word = 253
    package static let progress = 32
    package static let outputs = 64
    package static let outputValue = 4096
    package static let links = 8
    package static let url = 2048
    package static let conditions = 16
}

extension Observation {
    /// The same with every text and list within its bound; entries that would break the schema are left out.
    var bounded: Observation {
        var result = self
        result.engineReason = engineReason?.bounded(to: Bounds.word)
        result.progress = progress?.bounded(to: Bounds.progress)
        result.runRef = runRef?.bounded
        result.failure = failure?.bounded
        result.outputs = outputs.map(\.bounded).firstOfEachName(\.name, atMost: Bounds.outputs)
        // A cut address would lead elsewhere.
        result.links = links.filter { !$0.url.isEmpty && $0.url.utf8.count <= Bounds.url }
            .map { Link(name: $0.name.bounded(to: Bounds.word), url: $0.url) }
            .firstOfEachName(\.name, atMost: Bounds.links)
        return result
    }
}

extension Array {
    /// The first `limit` elements that have a name no earlier one has: the schema lists them by name.
    fileprivate func firstOfEachName(_ name: (Element) -> String, atMost limit: Int) -> [Element] {
        var names: Set<String> = [""]
        var result: [Element] = []
        for element in self where result.count < limit {
            if names.insert(name(element)).inserted { result.append(element) }
        }
        return result
    }
}

extension RunReference {
    fileprivate var bounded: RunReference {
        RunReference(
            apiVersion: apiVersion.bounded(to: Bounds.word), kind: kind.bounded(to: Bounds.word),
            name: name.bounded(to: Bounds.word), uid: uid.bounded(to: Bounds.word))
    }
}

extension Failure {
    fileprivate var bounded: Failure {
        Failure(
            task: task?.bounded(to: Bounds.word), step: step?.bounded(to: Bounds.word), exitCode: exitCode,
            reason: reason?.bounded(to: Bounds.word), message: message?.bounded(to: Bounds.message))
    }
}

extension Output {
    fileprivate var bounded: Output {
        Output(name: name.bounded(to: Bounds.word), value: value.bounded(to: Bounds.outputValue))
    }
}
