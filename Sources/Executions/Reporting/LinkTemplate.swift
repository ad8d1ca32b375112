import Engines
import KubeClient
import Status
import TowlineAPI

/// A link to a page about a run: a name, and a URL with placeholders for the run's name, namespace, UID and engine.
public struct LinkTemplate: Hashable, Sendable {
    /// The placeholders. They refer to properties of the run, not of the execution.
    enum Placeholder: String, CaseIterable, Sendable {
        case engine, namespace, name, uid

        /// The maximum length in bytes; names and UUIDs have no characters that need escaping.
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
    /// The engine whose runs have the page; nil for all engines.
    let engine: EngineName?
    let parts: [Part]

    /// True if runs of `engine` have the page.
    func applies(to engine: EngineName) -> Bool { self.engine.map { $0 == engine } ?? true }

    /// The link to the page about a run; nil if runs of its engine do not have the page.
    func link(to run: LinkedRun) -> Link? {
        guard applies(to: run.engine) else { return nil }
        var url = ""
        for part in parts {
            switch part {
            case .text(let text): url += text
            // Escape the value, so that no name can change the rest of the URL.
            case .placeholder(let placeholder): url += run.value(of: placeholder).percentEncodedPathSegment
            }
        }
        return Link(name: name, url: url)
    }
}

/// The properties of a run that a link needs.
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

/// The links that every run gets.
public struct LinkTemplates: Hashable, Sendable {
    /// The maximum number of links in a status.
    static let limit = Bounds.links

    private let templates: [LinkTemplate]

    /// No links.
    public init() { templates = [] }

    /// Creates links in this order. Throws if an engine has more than eight, or two with the same name.
    public init(_ templates: [LinkTemplate]) throws(LinkTemplateError) {
        for engine in EngineName.allCases {
            let names = templates.filter { $0.applies(to: engine) }.map(\.name)
            guard names.count <= Self.limit else {
                throw LinkTemplateError(
                    "there are \(names.count) links for runs of \(engine.rawValue); the maximum is \(Self.limit)")
            }
            var seen: Set<String> = []
            for name in names where !seen.insert(name).inserted {
                throw LinkTemplateError(
                    "two links for runs of \(engine.rawValue) are named \"\(name)\"; rename one")
            }
        }
        self.templates = templates
    }

    /// The links of a run.
    func links(to run: LinkedRun) -> [Link] { templates.compactMap { $0.link(to: run) } }
}

extension LinkTemplate {
    /// The maximum length in bytes of a name, and of a URL with its placeholders replaced.
    static let nameLimit = Bounds.name
    static let addressLimit = Bounds.url

    /// Reads `NAME=URL`, or `NAME@ENGINE=URL` for the runs of one engine.
    ///
    /// The URL is http or https, with placeholders `{engine}`, `{namespace}`, `{name}` and `{uid}`. It must not contain a
    /// password, because everyone who can read an execution can read its links.
    public init(_ text: String) throws(LinkTemplateError) {
        do throws(LinkTemplateError) {
            let (label, url) = try Self.split(text, form: "NAME=URL")
            let (name, engine) = try Self.engine(in: label)
            try self.init(name: name, engine: engine, url: url)
        } catch {
            throw error.about(text)
        }
    }

    /// Reads `PRESET=URL`: a page of a well-known user interface that is served at this URL.
    public init(preset text: String) throws(LinkTemplateError) {
        do throws(LinkTemplateError) {
            let (word, base) = try Self.split(text, form: "PRESET=URL")
            for engine in EngineRegistry.all {
                guard let page = engine.pages.first(where: { $0.preset == word }) else { continue }
                guard !base.contains(where: { $0 == "?" || $0 == "#" }) else {
                    throw LinkTemplateError(
                        "the URL of a preset must not contain ? or #; use the base URL of the user interface")
                }
                let root = base.hasSuffix("/") ? String(base.dropLast()) : base
                try self.init(name: page.title, engine: engine.name, url: root, path: page.path)
                return
            }
            let words = EngineRegistry.all.flatMap(\.pages).map(\.preset).joined(separator: ", ")
            throw LinkTemplateError("unknown preset \"\(word)\"; use one of \(words)")
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
                "the URL can become \(width) bytes long; shorten it to at most \(Self.addressLimit)")
        }
        self.init(name: name, engine: engine, parts: parts)
    }

    private static func split(_ text: String, form: String) throws(LinkTemplateError) -> (label: String, url: String) {
        guard let sign = text.firstIndex(of: "=") else { throw LinkTemplateError("= is missing; write \(form)") }
        let url = String(text[text.index(after: sign)...])
        guard !url.isEmpty else { throw LinkTemplateError("the URL after = is missing; write \(form)") }
        return (String(text[..<sign]), url)
    }

    private static func engine(in label: String) throws(LinkTemplateError) -> (name: String, engine: EngineName?) {
        guard let sign = label.lastIndex(of: "@") else { return (label, nil) }
        let word = String(label[label.index(after: sign)...])
        guard let engine = EngineName(rawValue: word) else {
            let words = EngineName.allCases.map { "@\($0.rawValue)" }.joined(separator: " or ")
            throw LinkTemplateError("unknown engine \"\(word)\"; end the name with \(words), or remove the @")
        }
        return (String(label[..<sign]), engine)
    }

    private static func check(name: String) throws(LinkTemplateError) {
        guard name.contains(where: { !$0.isWhitespace }) else {
            throw LinkTemplateError("the name before = is missing; write what the page shows, such as Logs")
        }
        guard name.utf8.count <= nameLimit else {
            throw LinkTemplateError("the name is \(name.utf8.count) bytes long; shorten it to at most \(nameLimit)")
        }
        guard !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw LinkTemplateError("the name contains a control character; remove it")
        }
    }

    private static func check(url: String) throws(LinkTemplateError) {
        for scalar in url.unicodeScalars where !isAllowed(scalar) {
            throw LinkTemplateError(
                "the URL contains U+\(String(scalar.value, radix: 16, uppercase: true)); percent-encode it")
        }
        let schemes = ["https://", "http://"]
        guard let scheme = schemes.first(where: { url.lowercased().hasPrefix($0) }) else {
            throw LinkTemplateError("the URL must start with https:// or http://")
        }
        let authority = url.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
        guard !authority.isEmpty else { throw LinkTemplateError("the URL has no host; write \(scheme)HOST/…") }
        guard !authority.contains("@") else {
            throw LinkTemplateError(
                "the URL contains a user or password, which anyone who can read executions could see; remove it")
        }
    }

    /// True for the characters of RFC 3986 and for braces, which enclose placeholders.
    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value > 0x20 && scalar.value < 0x7F && !"\"<>\\^`|".unicodeScalars.contains(scalar)
    }

    private static func parts(of url: String) throws(LinkTemplateError) -> [Part] {
        var parts: [Part] = []
        var rest = url[...]
        while let open = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            guard rest[open] == "{" else {
                throw LinkTemplateError("a } has no { before it; write %7D for a brace in the URL")
            }
            if open > rest.startIndex { parts.append(.text(String(rest[..<open]))) }
            rest = rest[rest.index(after: open)...]
            guard let close = rest.firstIndex(where: { $0 == "{" || $0 == "}" }), rest[close] == "}" else {
                throw LinkTemplateError("a { has no } after it; write %7B for a brace in the URL")
            }
            let word = String(rest[..<close])
            guard let placeholder = Placeholder(rawValue: word) else {
                let words = Placeholder.allCases.map { "{\($0.rawValue)}" }.joined(separator: ", ")
                throw LinkTemplateError("unknown placeholder {\(word)}; use one of \(words)")
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

/// An invalid link template: which one, what is wrong with it, and how to fix it.
public struct LinkTemplateError: Error, Hashable, CustomStringConvertible {
    public let description: String

    init(_ problem: String) { description = problem }

    /// The same error with the name of the template, but without its URL, which may contain a password.
    func about(_ template: String) -> LinkTemplateError {
        let name = template.prefix { $0 != "=" }
        let shown = name.count > 100 ? "\(name.prefix(100))…" : name
        return LinkTemplateError("\"\(shown)\": \(description)")
    }
}
