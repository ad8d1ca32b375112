public import TowlineAPI

/// The engines that Towline supports.
public enum EngineRegistry {
    public static let all: [any Engine] = EngineName.allCases.map(engine)

    public static func engine(_ name: EngineName) -> any Engine {
        switch name {
        case .tekton: TektonEngine()
        case .argo: ArgoEngine()
        }
    }
}
