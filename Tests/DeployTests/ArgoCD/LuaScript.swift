import Foundation
import KubeClient
import TestSupport
import Testing

/// A script in deploy/argo-cd, run by Lua 5.1 with the libraries that Argo CD provides.
struct LuaScript {
    let file: URL

    init(file: URL) {
        self.file = file
    }

    /// The script at a path of the repository.
    init(path: String) {
        self.init(file: Repository.file(path))
    }

    /// Debian's lua5.1; nil if it is not installed.
    static let interpreter = Tool.installed("lua5.1")

    /// The script's result for each object; an object with `error` if the script fails.
    func results(for objects: [JSONValue]) async throws -> [JSONValue] {
        let interpreter = try #require(Self.interpreter)
        let input = FileManager.default.temporaryDirectory.appending(path: "objects-\(UUID().uuidString).lua")
        defer { try? FileManager.default.removeItem(at: input) }
        // One function per object, because Lua limits the constants of a function.
        let functions = objects.map { "function() return \($0.luaText) end" }.joined(separator: ",\n")
        try "return {\n\(functions)\n}\n".write(to: input, atomically: true, encoding: .utf8)
        let environment = "Tests/DeployTests/ArgoCD/argo-cd.lua"
        let results = try await interpreter(environment, file.path, input.path).split(separator: "\n")
            .map { try JSONValue(parsing: String($0)) }
        try #require(results.count == objects.count)
        return results
    }

    func result(for object: JSONValue) async throws -> JSONValue {
        try #require(await results(for: [object]).first)
    }
}

extension JSONValue {
    /// The value as a Lua literal; null is absent, as in Argo CD.
    var luaText: String {
        switch self {
        case .null: "nil"
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .double(let value): "\(value)"
        case .string(let text): text.luaLiteral
        case .array(let elements): "{" + elements.map(\.luaText).joined(separator: ",") + "}"
        case .object(let object):
            "{" + object.map { "[\($0.key.luaLiteral)]=\($0.value.luaText)" }.joined(separator: ",") + "}"
        }
    }
}

extension String {
    /// A quoted Lua string; special bytes are three-digit escapes.
    fileprivate var luaLiteral: String {
        let bytes = utf8.map { byte in
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), 0..<0x20, 0x7f...: "\\" + String(1000 + Int(byte)).dropFirst()
            default: String(UnicodeScalar(byte))
            }
        }
        return "\"" + bytes.joined() + "\""
    }
}
