import Engines
import KubeClient
import Status
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

extension LinkTemplate {
    /// The most bytes of a name, and of an address whose blanks are filled: what the status has room for.
    static let nameLimit = Bounds.name
    static let addressLimit = Bounds.url

    /// Reads `NAME=URL`, or `NAME@ENGINE=URL` for the runs of one engine.
    ///
    /// The URL is http or https, with blanks `{engine}`, `{namespace}`, `{name}` and `{uid}`. Whoever reads an execution
    /// reads it, so that it may hold no password.
    public init(_ text: String) throws(LinkTemplateError) {
        do throws(LinkTemplateError) {
            let (label, url) = try Self.split(text, form: "NAME=URL")
            let (name, engine) = try Self.engine(in: label)
            try self.init(name: name, engine: engine, url: url)
        } catch {
            throw error.about(text)
        }
    }

    /// Reads `PRESET=URL`: a page of a well-known user interface, which is served at this URL.
    public init(preset text: String) throws(LinkTemplateError) {
        do throws(LinkTemplateError) {
            let (word, base) = try Self.split(text, form: "PRESET=URL")
            for engine in EngineCatalogue.all {
                guard let page = engine.pages.first(where: { $0.preset == word }) else { continue }
                guard !base.contains(where: { $0 == "?" || $0 == "#" }) else {
                    throw LinkTemplateError(
                        "the URL of a preset ends before any ? or #; give the address of the user interface")
                }
                let root = base.hasSuffix("/") ? String(base.dropLast()) : base
                try self.init(name: page.title, engine: engine.name, url: root, path: page.path)
                return
            }
            let words = EngineCatalogue.all.flatMap(\.pages).map(\.preset).joined(separator: ", ")
            throw LinkTemplateError("there is no preset \"\(word)\"; say one of \(words)")
        } catch {
            throw error.about(text)
        }
    }

    private init(name: String, engine: EngineName?, url: String, path: String = "") throws(LinkTemplateError) {
        try Self.check(name: name)
        try Self.check(url: url)
        let parts = try Self.parts(of: url + path)
        let width = parts.reduce(0) { $0 + $1.width }
        guard width <= Self.addressLimit else {
            throw LinkTemplateError(
                "the URL may become \(width) bytes long; shorten it, \(Self.addressLimit) is the most")
        }
        self.init(name: name, engine: engine, parts: parts)
    }

    private static func split(_ text: String, form: String) throws(LinkTemplateError) -> (label: String, url: String) {
        guard let sign = text.firstIndex(of: "=") else { throw LinkTemplateError("there is no =; write \(form)") }
        let url = String(text[text.index(after: sign)...])
        guard !url.isEmpty else { throw LinkTemplateError("there is no URL after the =; write \(form)") }
        return (String(text[..<sign]), url)
    }

    private static func engine(in label: String) throws(LinkTemplateError) -> (name: String, engine: EngineName?) {
        guard let sign = label.lastIndex(of: "@") else { return (label, nil) }
        let word = String(label[label.index(after: sign)...])
        guard let engine = EngineName(rawValue: word) else {
            let words = EngineName.allCases.map { "@\($0.rawValue)" }.joined(separator: " or ")
            throw LinkTemplateError("there is no engine \"\(word)\"; end the name with \(words), or leave the @ out")
        }
        return (String(label[..<sign]), engine)
    }

    private static func check(name: String) throws(LinkTemplateError) {
        guard name.contains(where: { !$0.isWhitespace }) else {
            throw LinkTemplateError("there is no name before the =; say what the page is, such as Logs")
        }
        guard name.utf8.count <= nameLimit else {
            throw LinkTemplateError("the name is \(name.utf8.count) bytes long; shorten it, \(nameLimit) is the most")
        }
        guard !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw LinkTemplateError("the name holds a control character; leave it out")
        }
    }

    private static func check(url: String) throws(LinkTemplateError) {
        for scalar in url.unicodeScalars where !isAllowed(scalar) {
            throw LinkTemplateError(
                "the URL holds U+\(String(scalar.value, radix: 16, uppercase: true)); percent-encode it")
        }
        let schemes = ["https://", "http://"]
        guard let scheme = schemes.first(where: { url.lowercased().hasPrefix($0) }) else {
            throw LinkTemplateError("the URL has to begin with https:// or http://")
        }
        let authority = url.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
        guard !authority.isEmpty else { throw LinkTemplateError("the URL has no host; write \(scheme)HOST/…") }
        guard !authority.contains("@") else {
            throw LinkTemplateError("the URL holds a user or a password, which everybody could read; leave it out")
        }
    }

    /// True for the characters of RFC 3986, and for braces, which stand around blanks.
    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value > 0x20 && scalar.value < 0x7F && !"\"<>\\^`|".unicodeScalars.contains(scalar)
    }

    private static func parts(of url: String) throws(LinkTemplateError) -> [Part] {
        var parts: [Part] = []
        var rest = url[...]
        while let open = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            guard rest[open] == "{" else {
                throw LinkTemplateError("a } has no { before it; write %7D where the URL itself has a brace")
            }
            if open > rest.startIndex { parts.append(.text(String(rest[..<open]))) }
            rest = rest[rest.index(after: open)...]
            guard let close = rest.firstIndex(where: { $0 == "{" || $0 == "}" }), rest[close] == "}" else {
                throw LinkTemplateError("a { has no } after it; write %7B where the URL itself has a brace")
            }
            let word = String(rest[..<close])
            guard let placeholder = Placeholder(rawValue: word) else {
                let words = Placeholder.allCases.map { "{\($0.rawValue)}" }.joined(separator: ", ")
                throw LinkTemplateError("there is no {\(word)}; there are \(words)")
            }
            parts.append(.placeholder(placeholder))
            rest = rest[rest.index(after: close)...]
        }
        return rest.isEmpty ? parts : parts + [.text(String(rest))]
    }
}

extension LinkTemplate.Part {
    fileprivate var width: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .placeholder(let placeholder): placeholder.width
        }
    }
}

/// A link that cannot be made: which one, what is wrong with it, and the mend.
public struct LinkTemplateError: Error, Hashable, CustomStringConvertible {
    public let description: String

    init(_ problem: String) { description = problem }

    /// The same, with the name of the template it was found in; its URL may hold what no log should.
    func about(_ template: String) -> LinkTemplateError {
        let name = template.prefix { $0 != "=" }
        let shown = name.count > 100 ? "\(name.prefix(100))…" : name
        return LinkTemplateError("\"\(shown)\": \(description)")
    }
}
