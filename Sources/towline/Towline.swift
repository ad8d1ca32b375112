@main
struct Towline {
    static func main() async {}
}
