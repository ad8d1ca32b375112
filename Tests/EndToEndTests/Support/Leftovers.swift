import Foundation
import KubeClient

/// Deletes what a test run leaves behind when its process exits.
enum Leftovers {
    private static let directories = Locked<[URL]>([])
    private static let processes = Locked<[Int32]>([])
    private static let registration: Void = {
        atexit {
            for process in Leftovers.processes.withLock({ $0 }) { kill(process, SIGKILL) }
            for directory in Leftovers.directories.withLock({ $0 }) {
                try? FileManager.default.removeItem(at: directory)
            }
        }
    }()

    static func removeAtExit(_ directory: URL) {
        _ = registration
        directories.withLock { $0.append(directory) }
    }

    static func killAtExit(_ process: Int32) {
        _ = registration
        processes.withLock { $0.append(process) }
    }
}
