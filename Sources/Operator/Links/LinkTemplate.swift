import KubeClient
import TowlineAPI

/// One page about a run: what it is called, and an address with blanks for what the run is called.
public struct LinkTemplate: Hashable, Sendable {
    /// What an address may have a blank for; always the run's own, not the execution's.
    enum Placeholder: String, CaseIterable, Sendable {
        case engine, namespace, name, uid

        /// The most bytes that can stand in the blank: names and UUIDs have no character that needs an escape.
        var width: Int {
            switch self {
            case .engine: EngineName.allCases.map(\.rawValue.utf8.count).max() ?? 0
            case .namespace, .name: RunName.maximumLength
            case .uid: 36
            }
        }
    }

    enum Part: Hashable, Sendable {
        case text(String)
        case placeholder(Placeholder)
    }

    let name: String
    /// The engine whose runs have the page; nil when those of every engine have it.
    let engine: EngineName?
    let parts: [Part]

    /// True when runs of `engine` have the page.
    func applies(to engine: EngineName) -> Bool { self.engine.map { $0 == engine } ?? true }

    /// The link to the page about a run; nil when runs of its engine have none.
    func link(to run: LinkedRun) -> Link? {
        guard applies(to: run.engine) else { return nil }
        var url = ""
        for part in parts {
            switch part {
            case .text(let text): url += text
            // Whatever a name holds, it stays within its place in the address.
            case .placeholder(let placeholder): url += run.value(of: placeholder).percentEncodedPathSegment
            }
        }
        return Link(name: name, url: url)
    }
}

/// What a link needs to know of a run.
struct LinkedRun: Hashable, Sendable {
    let engine: EngineName
    let namespace: String
    let name: String
    let uid: String

    fileprivate func value(of placeholder: LinkTemplate.Placeholder) -> String {
        switch placeholder {
        case .engine: engine.rawValue
        case .namespace: namespace
        case .name: name
        case .uid: uid
        }
    }
}
