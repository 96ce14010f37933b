// `gradle run` runs src/Main.kt, which needs no library. The Ktor client in ktor/ is built when asked for:
// `gradle -Pktor run`. kotlinc and a JDK do without Gradle; docs/kotlin.md has the commands.
plugins {
    kotlin("jvm") version "2.0.21"
    application
}

val withKtor = providers.gradleProperty("ktor").isPresent

repositories { mavenCentral() }

kotlin {
    jvmToolchain(17)
    sourceSets["main"].kotlin.setSrcDirs(if (withKtor) listOf("src", "ktor") else listOf("src"))
}

dependencies {
    if (withKtor) {
        implementation("io.ktor:ktor-client-core:3.0.3")
        implementation("io.ktor:ktor-client-cio:3.0.3")
        implementation("org.jetbrains.kotlinx:kotlinx-coroutines-core:1.9.0")
    }
}

application { mainClass = if (withKtor) "router.KtorClientKt" else "router.MainKt" }
