rootProject.name = "router-client"
