import CBuildInfo

/// The version and the origin of this build.
package enum BuildInfo {
    /// The version in `version`, the logs and the User-Agent header.
    package static let version = "0.1.0"

    /// The commit that was built, with `-dirty` for uncommitted changes; `unknown` outside a checkout.
    ///
    /// The Makefile passes it to the build in the environment variable BUILD_COMMIT.
    package static var commit: String {
        let commit = String(cString: towline_build_commit())
        return commit.isEmpty ? "unknown" : commit
    }

    /// The operating system and architecture, as container images name them.
    static var platform: String {
        #if arch(x86_64)
        "linux/amd64"
        #elseif arch(arm64)
        "linux/arm64"
        #else
        "linux/unknown"
        #endif
    }
}
