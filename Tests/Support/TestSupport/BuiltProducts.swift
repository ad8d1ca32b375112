import Foundation

/// The programs that were built together with the tests that run.
public enum BuiltProducts {
    /// Where a program lies: beside the test bundle, which is not always `.build/debug`.
    public static func program(_ name: String) -> URL {
        folder.appending(path: name)
    }

    private static let folder: URL = {
        let arguments = CommandLine.arguments
        // Swift Testing's runner is told its bundle by a flag; where it is not, the bundle is the process itself.
        let flag = arguments.firstIndex(of: "--test-bundle-path").map { arguments.index(after: $0) }
        let bundle = flag.flatMap { arguments.indices.contains($0) ? arguments[$0] : nil } ?? arguments.first ?? ""
        return URL(filePath: bundle).resolvingSymlinksInPath().deletingLastPathComponent()
    }()
}
