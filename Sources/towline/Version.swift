/// The version of this build, as `towline version`, the logs and the User-Agent tell it.
enum Version {
    static let current = "0.1.0"
}
