/// A place in an object, written as the API server writes it: `spec.tasks[0].params[name]`.
struct FieldPath: Hashable, Sendable, CustomStringConvertible {
    enum Segment: Hashable, Sendable {
        case field(String)
        case index(Int)
        /// The key of a map.
        case key(String)
    }

    var segments: [Segment]

    init(_ fields: String...) { segments = fields.map(Segment.field) }

    func field(_ name: String) -> FieldPath { appending(.field(name)) }
    func index(_ index: Int) -> FieldPath { appending(.index(index)) }
    func key(_ key: String) -> FieldPath { appending(.key(key)) }

    func appending(_ segment: Segment) -> FieldPath {
        var path = self
        path.segments.append(segment)
        return path
    }

    var description: String {
        var text = ""
        for segment in segments {
            switch segment {
            case .field(let name): text += text.isEmpty ? name : "." + name
            case .index(let index): text += "[\(index)]"
            case .key(let key): text += "[\(key)]"
            }
        }
        return text
    }
}
