import Status
import TowlineAPI

/// The pages that every run is linked to.
public struct LinkTemplates: Hashable, Sendable {
    /// What the status of an execution has room for.
    static let limit = Bounds.links

    private let templates: [LinkTemplate]

    /// No pages.
    public init() { templates = [] }

    /// Takes the templates in their order: for each engine at most eight, no two of them with the same name.
    public init(_ templates: [LinkTemplate]) throws(LinkTemplateError) {
        for engine in EngineName.allCases {
            let names = templates.filter { $0.applies(to: engine) }.map(\.name)
            guard names.count <= Self.limit else {
                throw LinkTemplateError(
                    "\(names.count) links for runs of \(engine.rawValue); \(Self.limit) are the most")
            }
            var seen: Set<String> = []
            for name in names where !seen.insert(name).inserted {
                throw LinkTemplateError(
                    "two links for runs of \(engine.rawValue) have the name \"\(name)\"; rename one")
            }
        }
        self.templates = templates
    }

    /// The links to the pages about a run.
    func links(to run: LinkedRun) -> [Link] { templates.compactMap { $0.link(to: run) } }
}
