// Command strict reads Kubernetes manifests from standard input and decodes each into its typed struct: a field that the
// type does not have, a key written twice and a value of the wrong type are errors. A cluster would drop some of these in silence.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// types maps every kind that is deployed to the struct that describes it.
var types = map[string]func() any{
	"v1/ConfigMap":                            func() any { return &corev1.ConfigMap{} },
	"v1/Namespace":                            func() any { return &corev1.Namespace{} },
	"v1/Pod":                                  func() any { return &corev1.Pod{} },
	"v1/Secret":                               func() any { return &corev1.Secret{} },
	"v1/Service":                              func() any { return &corev1.Service{} },
	"v1/ServiceAccount":                       func() any { return &corev1.ServiceAccount{} },
	"apps/v1/Deployment":                      func() any { return &appsv1.Deployment{} },
	"batch/v1/CronJob":                        func() any { return &batchv1.CronJob{} },
	"batch/v1/Job":                            func() any { return &batchv1.Job{} },
	"networking.k8s.io/v1/NetworkPolicy":      func() any { return &networkingv1.NetworkPolicy{} },
	"monitoring.coreos.com/v1/PodMonitor":     func() any { return &monitoringv1.PodMonitor{} },
	"monitoring.coreos.com/v1/PrometheusRule": func() any { return &monitoringv1.PrometheusRule{} },
}

type header struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name         string `json:"name"`
		GenerateName string `json:"generateName"`
	} `json:"metadata"`
}

func main() {
	documents, problems := 0, 0
	reader := utilyaml.NewYAMLReader(bufio.NewReader(os.Stdin))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		name := ""
		if err == nil {
			name, err = check(document)
		}
		if err != nil {
			problems++
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			continue
		}
		if name != "" {
			documents++
			fmt.Println(name)
		}
	}
	if problems > 0 || documents == 0 {
		fmt.Fprintf(os.Stderr, "%d documents are right, %d are not\n", documents, problems)
		os.Exit(1)
	}
}

// check returns what the document is, or nothing for an empty one.
func check(document []byte) (string, error) {
	var head header
	if err := yaml.Unmarshal(document, &head); err != nil {
		return "a document", err
	}
	if head == (header{}) {
		return "", yaml.UnmarshalStrict(document, &struct{}{})
	}
	kind := head.APIVersion + "/" + head.Kind
	name := kind + " " + head.Metadata.Name + head.Metadata.GenerateName
	newType, known := types[kind]
	if !known {
		return name, errors.New("this kind is not deployed by us: add it to the table, or correct it")
	}
	if head.Metadata.Name+head.Metadata.GenerateName == "" {
		return name, errors.New("has no name")
	}
	return name, yaml.UnmarshalStrict(document, newType())
}
