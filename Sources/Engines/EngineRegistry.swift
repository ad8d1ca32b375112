public import TowlineAPI

/// The engines Towline knows.
public enum EngineRegistry {
    public static let all: [any Engine] = EngineName.allCases.map(engine)

    public static func engine(_ name: EngineName) -> any Engine {
        switch name {
        case .tekton: TektonEngine()
        case .argo: ArgoEngine()
        }
    }
}
